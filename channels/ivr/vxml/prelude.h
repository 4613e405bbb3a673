/*
 * What each session's ECMAScript is given before it runs anything: natives that loop over a length count ticks, regular
 * expressions made from strings are looked at, Function() goes through the guard, and what meaning grammars' tags have.
 * `t(n)` takes n ticks, `p(s)` says whether a pattern is harmless, `f(s)` makes a function of guarded source.
 */
#pragma once

#define VXML_PRELUDE                                                                                                 \
	"(function(t,p,f){"                                                                                          \
	"var A=Array.prototype,S=String.prototype,R=RegExp,slice=A.slice,apply=Function.prototype.apply;"            \
	"function hide(o,n,v){Object.defineProperty(o,n,{value:v,writable:true,configurable:true});}"                \
	"['join','concat','reverse','shift','slice','sort','splice','unshift','indexOf','lastIndexOf','every',"      \
	"'some','forEach','map','filter','reduce','reduceRight'].forEach(function(n){var g=A[n];"                    \
	"hide(A,n,function(){t(this.length>>>0);return g.apply(this,arguments);});});"                               \
	"function harmless(s){if(!p(String(s)))throw new SyntaxError('a regular expression repeats what repeats');}" \
	"function RegExp_(s,g){if(!(s instanceof R))harmless(s);return g===undefined?new R(s):new R(s,g);}"          \
	"RegExp_.prototype=R.prototype;hide(R.prototype,'constructor',RegExp_);hide(this,'RegExp',RegExp_);"         \
	"hide(R.prototype,'compile',undefined);"                                                                     \
	"['match','search'].forEach(function(n){var g=S[n];hide(S,n,function(x){"                                    \
	"if(!(x instanceof R))harmless(x);return g.call(this,x);});});"                                              \
	"function Function_(){var a=slice.call(arguments),b=a.length?a.pop():'';"                                    \
	"return f('(function('+a.join()+'\\n){'+b+'\\n})');}"                                                        \
	"Function_.prototype=Function.prototype;hide(Function.prototype,'constructor',Function_);"                   \
	"hide(this,'Function',Function_);"                                                                           \
	"})"

/* Of the level L: an expression sees the first L scopes. MuJS puts what eval declares into the last of them. */
#define VXML_LEVEL(withs) "(function(session,application,document,dialog,__l,__c){" withs "return eval(__c)})"

/*
 * SISR 1.0 section 4-6: steps are ["e",rule], ["l",rule], ["t",code], ["w",token]. Tags without a tag-format may also
 * just be a value ('Boston'), or declare what they mean (var a='x'), as grammars of VoiceXML's time did.
 */
#define VXML_MEANING                                                                                         \
	"(function(steps,literal,run){"                                                                      \
	"function frame(){return {v:{out:{},rules:{latest:null},meta:{current:null}},text:[],lit:undefined," \
	"last:undefined,tags:0};}"                                                                           \
	"function value(f){var v=f.v,n,o={},any=false,i;"                                                    \
	"if(literal&&f.lit!==undefined)return f.lit;"                                                        \
	"if(typeof v.out!='object'||v.out===null||Object.keys(v.out).length)return v.out;"                   \
	"n=Object.getOwnPropertyNames(v);"                                                                   \
	"for(i=0;i<n.length;i++)if(n[i]!='out'&&n[i]!='rules'&&n[i]!='meta'){o[n[i]]=v[n[i]];any=true;}"     \
	"if(any)return o;"                                                                                   \
	"if(f.tags&&f.last!==undefined)return f.last;"                                                       \
	"return f.sub!==undefined&&!f.tags?f.sub:f.text.join(' ');}"                                         \
	"var stack=[frame()],f,i,s,x;"                                                                       \
	"for(i=0;i<steps.length;i++){s=steps[i];f=stack[stack.length-1];"                                    \
	"if(s[0]=='e')stack.push(frame());"                                                                  \
	"else if(s[0]=='w')f.text.push(s[1]);"                                                               \
	"else if(s[0]=='t'){f.tags++;f.v.meta.current={text:f.text.join(' ')};"                              \
	"if(literal)f.lit=s[1];else f.last=run(f.v,s[1]);}"                                                  \
	"else{x=value(f);stack.pop();s=stack[stack.length-1];s.v.rules[steps[i][1]]=x;s.v.rules.latest=x;"   \
	"s.text=s.text.concat(f.text);if(f.tags||f.sub!==undefined)s.sub=x;}}"                               \
	"f=stack[0];return f.sub!==undefined?f.sub:value(f);})"

/* The reading part of DOM Level 2 (VoiceXML 2.1 appendix D) over ["name",[attribute,value,…],[children]] and "text". */
#define VXML_DOM                                                                                                     \
	"(function(tree){"                                                                                           \
	"function list(a){a.item=function(i){return i>=0&&i<a.length?a[i]:null;};return a;}"                         \
	"function Node(t,n,v,p){this.nodeType=t;this.nodeName=n;this.nodeValue=v;this.parentNode=p;"                 \
	"this.childNodes=list([]);this.firstChild=this.lastChild=this.previousSibling=this.nextSibling=null;"        \
	"this.attributes=null;}"                                                                                     \
	"Node.prototype={hasChildNodes:function(){return this.childNodes.length>0;},"                                \
	"hasAttributes:function(){return this.attributes!==null&&this.attributes.length>0;},"                        \
	"hasAttribute:function(n){return this.getAttributeNode(n)!==null;},"                                         \
	"getAttributeNode:function(n){return this.attributes?this.attributes.getNamedItem(n):null;},"                \
	"getAttribute:function(n){var a=this.getAttributeNode(n);return a?a.value:'';},"                             \
	"getElementsByTagName:function(n){var o=[];(function walk(x){for(var i=0;i<x.childNodes.length;i++){"        \
	"var k=x.childNodes[i];if(k.nodeType==1&&(n=='*'||k.nodeName==n))o.push(k);walk(k);}})(this);return "        \
	"list(o);},"                                                                                                 \
	"getElementById:function(n){var a=this.getElementsByTagName('*');for(var i=0;i<a.length;i++)"                \
	"if(a[i].getAttribute('id')==n)return a[i];return null;}};"                                                  \
	"function make(x,p,doc){var n,i,a,k;"                                                                        \
	"if(typeof x=='string'){n=new Node(3,'#text',x,p);n.data=x;n.length=x.length;n.ownerDocument=doc;return n;}" \
	"n=new Node(1,x[0],null,p);n.tagName=n.localName=x[0];n.ownerDocument=doc;n.attributes=list([]);"            \
	"n.attributes.getNamedItem=function(m){for(var i=0;i<this.length;i++)if(this[i].nodeName==m)return this[i];" \
	"return null;};"                                                                                             \
	"for(i=0;i<x[1].length;i+=2){a=new Node(2,x[1][i],x[1][i+1],null);a.name=x[1][i];a.value=x[1][i+1];"         \
	"a.ownerElement=n;n.attributes.push(a);}"                                                                    \
	"for(i=0;i<x[2].length;i++)add(n,make(x[2][i],n,doc));return n;}"                                            \
	"function add(n,k){k.previousSibling=n.lastChild;if(n.lastChild)n.lastChild.nextSibling=k;else "             \
	"n.firstChild=k;"                                                                                            \
	"n.lastChild=k;n.childNodes.push(k);}"                                                                       \
	"var doc=new Node(9,'#document',null,null);doc.documentElement=make(tree,doc,doc);"                          \
	"add(doc,doc.documentElement);return doc;})"
