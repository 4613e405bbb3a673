/* What was written now, in mails of many programs and languages: each rule with texts of our own. */
#include <criterion/criterion.h>

#include "email/visible.h"

static void shows(const char *text, const char *want)
{
	struct arena *a = arena_new(1 << 20);
	struct str got;

	if (!a)
		return;
	got = mail_visible(str_of(text), a);
	cr_expect(str_is(got, want), "of:\n%s\nwanted:\n%s\ngot:\n%.*s", text, want, (int)got.n, got.p);
	arena_free(&a);
}

/* `head` and what it is the head of, below an answer: nothing of it is seen, be the mail below marked by ">" or not. */
static void below(const char *head, bool unmarked)
{
	struct arena *a = arena_new(1 << 20);

	if (!a)
		return;
	shows(arena_printf(a, "It works now.\n\n%s\n> Does it work?\n> Jo\n", head), "It works now.");
	shows(arena_printf(a, "It works now.\n%s\n\n> Does it work?\n\nSmith Ltd\n", head), "It works now.");
	shows(arena_printf(a, "%s\n> Does it work?\n> Jo\n\nIt works now.\n", head), "It works now.");
	if (unmarked)
		shows(arena_printf(a, "It works now.\n\n%s\n\nDoes it work?\n\nJo\n", head), "It works now.");
	arena_free(&a);
}

Test(email_visible, plain)
{
	shows("", "");
	shows(" \n\t\n", "");
	shows("\n\nHello,\r\nwhere is it?\r\n\r\n", "Hello,\nwhere is it?");
	shows("\xC2\xA0\n  Hello\n\xE2\x80\x8B\n", "Hello");
	shows("one\rtwo\n\n\nthree", "one\ntwo\n\n\nthree");
	shows("Kind regards\nJo", "Kind regards\nJo");
}

Test(email_visible, quotes)
{
	shows("> only a quote", "> only a quote");
	shows(">\n> \n>>\n", "");
	shows("Yes.\n\n> Is it so?\n>\n>> More\n", "Yes.");
	shows("> Is it so?\n\nYes.\n", "> Is it so?\n\nYes.");
	shows("> One?\nYes.\n\n> Two?\nNo.\n\n> Three.\n", "> One?\nYes.\n\n> Two?\nNo.");
	shows("いいえ。\n\n＞ 引用\n＞ 引用\n", "いいえ。");
	shows("No.\n\n| Quoted with bars.\n| Twice.\n", "No.");
	shows("No.\n\nJo> Quoted with names.\nJo> Twice.\n", "No.");
	shows("The table:\n| a | b |\n| 1 | 2 |", "The table:\n| a | b |\n| 1 | 2 |");
	shows("It says\nmysql> select 1", "It says\nmysql> select 1");
	shows("No.\n\n> A line that was much too long for the program that quoted it for its\nauthor.\n> And one "
	      "more.\n",
	      "No.");
}

Test(email_visible, answers_between_quotes_keep_them)
{
	shows("Hello,\n\nOn 4 May 2024 at 10:12, Jo Smith wrote:\n> When?\n\nOn Monday.\n\n> Where?\n\nHere.\n\n> Jo\n",
	      "Hello,\n\n> When?\n\nOn Monday.\n\n> Where?\n\nHere.");
	shows("On 4 May 2024 at 10:12, Jo Smith wrote:\n> When?\n\nOn Monday.\n\n> Where?\n\nHere.\n",
	      "> When?\n\nOn Monday.\n\n> Where?\n\nHere.");
	shows("Hi Jo,\n\nOn 4 May 2024 at 10:12, Jo Smith wrote:\n> When?\n\nOn Monday.\n",
	      "Hi Jo,\n\n> When?\n\nOn Monday.");
	shows("Hello Jo!\n\nOn 4 May 2024 at 10:12, Jo Smith wrote:\n> When?\n\nOn Monday.\n",
	      "Hello Jo!\n\n> When?\n\nOn Monday.");
	shows("Thanks!\n\nOn 4 May 2024 at 10:12, Jo Smith wrote:\n> When?\n\nAl Smith\nSmith Ltd\n", "Thanks!");
	shows("Jo wrote:\n> When?\n\nOn Monday.\n", "On Monday.");
	shows("Two things. You wrote:\n> When?\n\nOn Monday.\n", "Two things. You wrote:\n> When?\n\nOn Monday.");
}

static const char *const attributions[] = {
	"On Mon, May 6, 2024 at 10:12 AM Jo Smith <jo@example.com> wrote:",
	"On Mon, May 6, 2024 at 10:12 AM Jo Smith <\njo@example.com> wrote:",
	"On Mon, May 6, 2024 at 10:12 AM Jo Smith\n<jo@example.com>\nwrote:",
	"On 6 May 2024, at 10:12, Jo Smith <jo@example.com> wrote:",
	"On 06/05/2024 10:12, Jo Smith wrote:",
	"On Monday 6 May 2024 at 10:12 a.m.\nJo Smith via Some List <list@example.com> wrote:",
	"On May 6, 2024 10:12 AM, \"Jo Smith\" &lt;jo@example.com&gt; wrote:",
	"*On Mon, 6 May 2024 at 10:12, Jo Smith <jo@example.com> wrote:*",
	"---- On Mon, 06 May 2024 10:12:00 +0200 Jo Smith <jo@example.com> wrote ----",
	"---- On Mon, 06 May 2024 10:12:00 +0200 jo@example.com wrote ---",
	"In a message dated 5/6/2024 10:12:00 AM Eastern Daylight Time, jo@example.com writes:",
	"In article <xyz@example.com>, Jo Smith <jo@example.com> wrote:",
	"Jo Smith <jo@example.com> wrote on 06.05.2024 10:12:",
	"Jo Smith wrote on 5/6/24 10:12 AM:",
	"2024-05-06 10:12 GMT+02:00 Jo Smith <jo@example.com>:",
	"2024-05-06 10:12 GMT+02:00 Jo Smith:",
	"2024/5/6 Jo Smith <jo@example.com>",
	"Am Mo., 6. Mai 2024 um 10:12 Uhr schrieb Jo Schmidt <jo@example.com>:",
	"Am 06.05.2024 um 10:12 schrieb Jo Schmidt:",
	"Am 6. Mai 2024 10:12:13 MESZ schrieb Jo Schmidt <jo@example.com>:",
	"Jo Schmidt <jo@example.com> schrieb am Mo., 6. Mai 2024,\n10:12:",
	"Jo Schmidt schrieb am 06.05.24 um 10:12:",
	"Am 06.05.2024 um 10:12 hat Jo Schmidt geschrieben:",
	"Le lun. 6 mai 2024 à 10:12, Jo Martin <jo@example.com> a écrit :",
	"Le lun. 6 mai 2024 à 10:12, Jo Martin <jo@example.com> a\nécrit :",
	"Le 6 mai 2024 à 10:12, Jo Martin a écrit\xC2\xA0:",
	"Jo Martin <jo@example.com> a écrit :",
	"El lun, 6 may 2024 a las 10:12, Jo García (<jo@example.com>) escribió:",
	"El 6/5/2024 a las 10:12, Jo García escribió:",
	"Il giorno lun 6 mag 2024 alle ore 10:12 Jo Rossi <jo@example.com> ha scritto:",
	"Il 06/05/2024 10:12, Jo Rossi ha scritto:",
	"Em seg., 6 de mai. de 2024 às 10:12, Jo Silva <jo@example.com> escreveu:",
	"Em 06/05/2024 10:12, Jo Silva escreveu:",
	"Op ma 6 mei 2024 om 10:12 schreef Jo de Vries <jo@example.com>:",
	"Op 6 mei 2024 om 10:12 heeft Jo de Vries <jo@example.com> het volgende geschreven:",
	"Op 06-05-2024 om 10:12 schreef Jo de Vries:",
	"pon., 6 maj 2024 o 10:12 Jo Kowalska <jo@example.com> napisał(a):",
	"W dniu 06.05.2024 o 10:12, Jo Kowalska pisze:",
	"Wiadomość napisana przez Jo Kowalska <jo@example.com> w dniu 6 maj 2024, o godz. 10:12:",
	"пн, 6 мая 2024 г. в 10:12, Jo <jo@example.com>:",
	"6 мая 2024 г., в 10:12, Jo <jo@example.com> написал(а):",
	"06.05.2024 10:12, Jo пишет:",
	"пн, 6 трав. 2024 р. о 10:12 Jo <jo@example.com> пише:",
	"Den mån 6 maj 2024 kl 10:12 skrev Jo Svensson <jo@example.com>:",
	"6 maj 2024 kl. 10:12 skrev Jo Svensson <jo@example.com>:",
	"Den man. 6. maj 2024 kl. 10.12 skrev Jo Hansen <jo@example.com>:",
	"man. 6. mai 2024 kl. 10:12 skrev Jo Hansen <jo@example.com>:",
	"ma 6. toukok. 2024 klo 10.12 Jo Virtanen (jo@example.com) kirjoitti:",
	"Jo Virtanen kirjoitti 6.5.2024 klo 10.12:",
	"po 6. 5. 2024 v 10:12 odesílatel Jo Nováková <jo@example.com> napsal:",
	"Dne 06. 05. 24 v 10:12 Jo Nováková napsal(a):",
	"po 6. 5. 2024 o 10:12 Jo Nováková <jo@example.com> napísal(a):",
	"Jo Nagy <jo@example.com> ezt írta (időpont: 2024. máj. 6., H, 10:12):",
	"lun., 6 mai 2024 la 10:12, Jo Pop <jo@example.com> a scris:",
	"Στις Δευ 6 Μαΐ 2024 στις 10:12 π.μ., ο χρήστης Jo <jo@example.com> έγραψε:",
	"Jo Yılmaz <jo@example.com>, 6 May 2024 Pzt, 10:12 tarihinde şunu yazdı:",
	"6 May 2024 Pzt 10:12 tarihinde Jo Yılmaz <jo@example.com> şunları yazdı:",
	"Vào Th 2, 6 thg 5, 2024 vào lúc 10:12 Jo <jo@example.com> đã viết:",
	"Pada tanggal Sen, 6 Mei 2024 pukul 10.12 Jo <jo@example.com> menulis:",
	"El dl., 6 de maig 2024, 10:12, Jo <jo@example.com> va escriure:",
	"Jo <jo@example.com> 于2024年5月6日周一 10:12写道：",
	"在 2024年5月6日，上午10:12，Jo <jo@example.com> 写道：",
	"在 2024-05-06 10:12:13，\"Jo\" <jo@example.com> 写道：",
	"Jo <jo@example.com> 於 2024年5月6日 週一 上午10:12寫道：",
	"2024年5月6日(月) 10:12 Jo <jo@example.com>:",
	"2024/05/06 10:12、Jo <jo@example.com>のメール:",
	"2024년 5월 6일 (월) 오전 10:12, Jo <jo@example.com>님이 작성:",
	"2024. 5. 6. 오전 10:12, Jo <jo@example.com> 작성:",
	"\xE2\x80\xAB\xD7\x91\xD7\xAA\xD7\x90\xD7\xA8\xD7\x99\xD7\x9A יום ב׳, 6 במאי 2024 ב-10:12 מאת "
	"‪Jo‬‏ <‪jo@example.com‬‏>:‬",
	"في الإثنين، 6 مايو 2024 في 10:12 ص تمت كتابة ما يلي بواسطة Jo <jo@example.com>:",
	"في ٦ مايو ٢٠٢٤، الساعة ١٠:١٢، كتب Jo <jo@example.com>:",
	"เมื่อ จ. 6 พ.ค. 2024 เวลา 10:12 Jo <jo@example.com> เขียนว่า:",
	"LE LUN. 6 MAI 2024 A 10:12, JO MARTIN <JO@EXAMPLE.COM> A ECRIT :",
	"----- On May 6, 2024, at 10:12 AM, Jo Smith jo@example.com wrote:",
	"----- Le 6 Mai 24, à 10:12, Jo Martin jo@example.com a écrit :",
	"----- Mail original -----",
	"On 6 May 2024, 10:12 +0200, Jo Smith <jo@example.com>, wrote:",
	"On 6 May 2024 at 10:12:00, Jo Smith (jo@example.com) wrote:",
	"El lunes, 6 de mayo de 2024, 10:12:00 GMT+2, Jo García <jo@example.com> escribió:",
	"Às 10:12 de 06/05/2024, Jo Silva escreveu:",
	"Jo Silva <jo@example.com> escreveu no dia segunda, 6/05/2024 à(s) 10:12:",
	"Den 2024-05-06 kl. 10:12, skrev Jo Svensson:",
	"Dňa 6. 5. 2024 o 10:12 Jo Nováková napísal(a):",
	"2024. 05. 06. 10:12 keltezéssel, Jo Nagy írta:",
	"6.05.2024 10:12 tarihinde Jo Yılmaz yazdı:",
	"在 2024/5/6 10:12, Jo 写道:",
	"Jo 於 2024/5/6 上午 10:12 寫道:",
	"2024-05-06 오전 10:12에 Jo 이(가) 쓴 글:",
	"בתאריך 06/05/2024 בשעה 10:12, Jo כתב:",
	"في 6/5/2024 10:12 ص، كتب Jo:",
	"Στις 6/5/2024 10:12 π.μ., ο/η Jo έγραψε:",
	"Pe 06.05.2024 10:12, Jo Pop a scris:",
	"Dana 6. 5. 2024. u 10:12, Jo je napisao/la:",
	"Dne 6. 05. 24 ob 10:12 je Jo napisal(a):",
	"V pon., 6. maj 2024 ob 10:12 je oseba Jo <jo@example.com> napisala:",
	"Понедельник, 6 мая 2024, 10:12 +03:00 от Jo <jo@example.com>:",
	"06.05.2024, 10:12, \"Jo\" <jo@example.com>:",
	"На пн, 6.05.2024 г. в 10:12 Jo <jo@example.com> написа:",
	"2024-05-06, pr, 10:12 Jo <jo@example.com> rašė:",
	"pirmd., 2024. g. 6. maijs, plkst. 10:12 — lietotājs Jo (<jo@example.com>) rakstīja:",
	"Kontakt Jo (<jo@example.com>) kirjutas kuupäeval E, 6. mai 2024 kell 10:12:",
	"Ar Llun, 6 Mai 2024 am 10:12 Jo <jo@example.com> ysgrifennodd:",
	"Noong Lun, Mayo 6, 2024 nang 10:12 AM, isinulat ni Jo <jo@example.com>:",
	"At 2024-05-06 10:12:00, \"Jo\" <jo@example.com> wrote:",
	"---- 回复的原邮件 ----",
	"------------------&nbsp;原始邮件&nbsp;------------------",
	"2024年5月6日 10:12、Joのメール：",
	"-------- Original message --------From: Jo <jo@example.com> Date: 06/05/2024 10:12 AM (GMT+01:00) To: Al "
	"<al@example.com>, Bo <bo@example.com>, Cy <cy@example.com> Subject: Re: The lamp is broken ",
	"-----Original Message-----",
	"---------- Forwarded message ---------",
	"*-------- Original-Nachricht --------*",
	"-----Ursprüngliche Nachricht-----",
	"---------- Weitergeleitete Nachricht ----------",
	"-------- Message original --------",
	"-----Message d’origine-----",
	"---------- Mensaje reenviado ---------",
	"-----Messaggio originale-----",
	"-----Mensagem original-----",
	"-----Oorspronkelijk bericht-----",
	"---- Wiadomość oryginalna ----",
	"-------- Исходное сообщение --------",
	"-----Ursprungligt meddelande-----",
	"-----Oprindelig meddelelse-----",
	"-----Opprinnelig melding-----",
	"----- Alkuperäinen viesti -----",
	"---------- Původní zpráva ----------",
	"------------------ 原始邮件 ------------------",
	"-----元のメッセージ-----",
	"-----원본 메시지-----",
	"-----Orijinal Mesaj-----",
	"-----הודעה מקורית-----",
	"-----الرسالة الأصلية-----",
	"----- Forwarded by Jo Smith/Example on 05/06/2024 10:12 AM -----",
	"Begin forwarded message:",
	"Anfang der weitergeleiteten Nachricht:",
	"Début du message réexpédié :",
};

Test(email_visible, attributions)
{
	for (size_t i = 0; i < sizeof attributions / sizeof *attributions; i++)
		below(attributions[i], true);
}

/* Known only by the quote they stand above. */
Test(email_visible, attributions_in_any_words)
{
	below("Quoting Jo Smith <jo@example.com>:", false);
	below("* Jo Smith [2024-05-06 10:12]:", false);
	below("Zitat von Jo Smith <jo@example.com>:", false);
	below("Jo <jo@example.com>, 6 May 2024, 10:12:", false);
}

Test(email_visible, attributions_in_quotes)
{
	shows("> Some quote without a name.\n>\n> On 6 May 2024, at 10:12, Jo wrote:\n>> More.\n\nYes.\n",
	      "> Some quote without a name.\n>\n>> More.\n\nYes.");
	shows("Yes.\n\n> On 6 May 2024, at 10:12, Jo <jo@example.com> wrote:\n> \n> Is it so?\n", "Yes.");
	shows("> On Mon, 6 May 2024 at 10:12 Jo\n> <jo@example.com> wrote:\n>\n> Is it so?\n\nYes.\n", "Yes.");
	shows("> On 6 May 2024, at 10:12, Jo <jo@example.com> wrote:\n>\n>> On 5 May 2024, at 10:12, Al "
	      "<al@example.com> wrote:\n",
	      "");
}

Test(email_visible, several_mails_below)
{
	shows("Three.\n\nOn 6 May 2024 at 10:12, Jo <jo@example.com> wrote:\n\nTwo.\n\nOn 5 May 2024 at 10:12, Al "
	      "wrote:\n\nOne.\n",
	      "Three.");
	shows("Three.\n\nOn 6 May 2024 at 10:12, Jo <jo@example.com> wrote:\n\nTwo.\n\n> On 5 May 2024 at 10:12, Al "
	      "wrote:\n>> One.\n",
	      "Three.");
}

Test(email_visible, sentences_are_no_attributions)
{
	static const char *const all[] = {
		"On this day\n\nI wrote to you:\n\nthe heating is broken.",
		"On 6 May 2024 I bought a lamp.\nIt came broken. I wrote:\n\nplease send another one.",
		"I have these orders:\n\n2024-05-06 a lamp\n2024-05-07 two chairs\n\nWhere are they?",
		"Please call 10:30 or write to jo@example.com with these:\n\nthe bill, the order.",
		"My colleague wrote:\n\nthe lamp is broken.\n\nIs it?",
		"Your technician came at 10:12 and he wrote that all of these are broken:\n\na lamp, a chair",
		"The forwarded message was not for me:\n\nI am Jo.",
		"See my answers below:\n\nYes, no.",
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		shows(all[i], all[i]);
}

Test(email_visible, header_blocks)
{
	static const char *const all[] = {
		"From: Jo Smith <jo@example.com>\nSent: Monday, May 6, 2024 10:12 AM\nTo: Al\nSubject: Lamp",
		"*From:* Jo Smith <jo@example.com>\n*Sent:* Monday, May 6, 2024 10:12 AM\n*To:* Al\n*Cc:* "
		"Bo\n*Subject:* Lamp",
		"From: Jo Smith <jo@example.com>\n\nSent: Monday, May 6, 2024 10:12 AM\n\nTo: Al\n\nSubject: Lamp",
		"From: Jo\nTo: Al <al@example.com>;\n Bo <bo@example.com>;\n Cy <cy@example.com>\nDate: 6 May "
		"2024\nSubject: Lamp",
		"From: Jo Smith <jo@example.com>\nDate: Mon, 6 May 2024 at 10:12",
		"Von: Jo Schmidt <jo@example.com>\nGesendet: Montag, 6. Mai 2024 10:12\nAn: Al\nBetreff: Lampe",
		"De : Jo Martin <jo@example.com>\nEnvoyé : lundi 6 mai 2024 10:12\nÀ : Al\nObjet : Lampe",
		"De: Jo García <jo@example.com>\nEnviado el: lunes, 6 de mayo de 2024 10:12\nPara: Al\nAsunto: Luz",
		"Da: Jo Rossi <jo@example.com>\nInviato: lunedì 6 maggio 2024 10:12\nA: Al\nOggetto: Luce",
		"De: Jo Silva <jo@example.com>\nEnviada em: segunda-feira, 6 de maio de 2024 10:12\nPara: Al\nAssunto: "
		"Luz",
		"Van: Jo de Vries <jo@example.com>\nVerzonden: maandag 6 mei 2024 10:12\nAan: Al\nOnderwerp: Lamp",
		"Od: Jo Kowalska <jo@example.com>\nWysłano: poniedziałek, 6 maja 2024 10:12\nDo: Al\nTemat: Lampa",
		"От: Jo <jo@example.com>\nОтправлено: 6 мая 2024 г. 10:12\nКому: Al\nТема: Лампа",
		"Від: Jo <jo@example.com>\nНадіслано: 6 травня 2024 р. 10:12\nКому: Al\nТема: Лампа",
		"Från: Jo Svensson <jo@example.com>\nSkickat: den 6 maj 2024 10:12\nTill: Al\nÄmne: Lampa",
		"Fra: Jo Hansen <jo@example.com>\nSendt: 6. maj 2024 10:12\nTil: Al\nEmne: Lampe",
		"Lähettäjä: Jo Virtanen <jo@example.com>\nLähetetty: maanantai 6. toukokuuta 2024 "
		"10.12\nVastaanottaja: Al\n"
		"Aihe: Lamppu",
		"Od: Jo Nováková <jo@example.com>\nOdesláno: pondělí 6. května 2024 10:12\nKomu: Al\nPředmět: Lampa",
		"发件人: Jo <jo@example.com>\n发送时间: 2024年5月6日 10:12\n收件人: Al\n主题: 灯",
		"寄件者：Jo\n寄件日期：2024年5月6日 10:12\n收件者：Al\n主旨：燈",
		"差出人: Jo <jo@example.com>\n送信日時: 2024年5月6日 10:12\n宛先: Al\n件名: ランプ",
		"보낸 사람: Jo <jo@example.com>\n보낸 날짜: 2024년 5월 6일 10:12\n받는 사람: Al\n제목: 등",
		"Kimden: Jo Yılmaz <jo@example.com>\nGönderildi: 6 Mayıs 2024 Pazartesi 10:12\nKime: Al\nKonu: Lamba",
		"מאת: Jo <jo@example.com>\nנשלח: יום שני 6 מאי 2024 10:12\nאל: Al\nנושא: מנורה",
		"من: Jo <jo@example.com>\nتم الإرسال: 6 مايو 2024 10:12\nإلى: Al\nالموضوع: مصباح",
		"Feladó: Jo <jo@example.com>\nElküldve: 2024. május 6. 10:12\nCímzett: Al\nTárgy: Lámpa",
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		below(all[i], true);
	shows("I need a ticket:\nFrom: Berlin\nTo: Paris\nDate: 5 May\n\nThank you",
	      "I need a ticket:\nFrom: Berlin\nTo: Paris\nDate: 5 May\n\nThank you");
}

/* Nothing written above it: what was forwarded is what there is to show. */
Test(email_visible, forwarded)
{
	shows("---------- Forwarded message ---------\nFrom: Jo <jo@example.com>\nDate: Mon, 6 May 2024\nSubject: "
	      "Lamp\nTo: Al\n\n"
	      "The lamp is broken.\n",
	      "The lamp is broken.");
	shows("See below.\n\n---------- Forwarded message ---------\nFrom: Jo <jo@example.com>\nDate: Mon, 6 May 2024\n"
	      "Subject: Lamp\nTo: Al\n\nThe lamp is broken.\n",
	      "See below.");
}

Test(email_visible, delimiters)
{
	static const char *const all[] = {"-- ",
					  "--",
					  "\xE2\x80\x94",
					  "________________________________",
					  "------",
					  "*****",
					  "=====",
					  "- - - - -",
					  "~~~~",
					  "##- Please type your reply above this line -##",
					  "--- Reply ABOVE THIS LINE to post a message ---",
					  "##- Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein. -##",
					  "##- Veuillez écrire votre réponse au-dessus de cette ligne -##",
					  "##- Escriba su respuesta por encima de esta línea -##",
					  "##- Ответьте выше этой строки -##"};
	struct arena *a = arena_new(1 << 20);

	for (size_t i = 0; a && i < sizeof all / sizeof *all; i++)
		shows(arena_printf(a, "It works now.\n\n%s\nJo Smith\nExample Ltd\n", all[i]), "It works now.");
	arena_free(&a);
	shows("This is --- no delimiter\n-\nnor that", "This is --- no delimiter\n-\nnor that");
	shows("----\nFirst line.\n", "First line.");
	shows("My report\n=========\nIt is broken.", "My report\n=========\nIt is broken.");
	shows("a | b\n--+--\n1 | 2", "a | b\n--+--\n1 | 2");
	shows("Code:\n```\n# one\n----\n> two\n```\nEnd.\n--\nJo", "Code:\n```\n# one\n----\n> two\n```\nEnd.");
	shows("Open fence:\n```\n----\nJo", "Open fence:\n```");
}

Test(email_visible, telephones)
{
	static const char *const all[] = {
		"Sent from my iPhone",
		"Sent from Mail for Windows",
		"Get Outlook for iOS<https://aka.ms/o0ukef>",
		"Get Outlook for Android",
		"Outlook for iOS を入手<https://aka.ms/o0ukef>",
		"Envoyé à partir d’Outlook",
		"Sent from Yahoo Mail on Android",
		"Sent via BlackBerry from Vodafone",
		"Von meinem iPhone gesendet",
		"Gesendet von Mail für Windows",
		"Von meinem Samsung Galaxy Smartphone gesendet.",
		"Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
		"Envoyé de mon iPhone",
		"Envoyé depuis mon téléphone Android",
		"Enviado desde mi iPhone",
		"Enviado do meu iPhone",
		"Inviato da iPhone",
		"Inviato dal mio telefono Huawei",
		"Verstuurd vanaf mijn iPhone",
		"Verzonden vanaf mijn Galaxy",
		"Wysłane z iPhone'a",
		"Отправлено с iPhone",
		"Надіслано з iPhone",
		"Skickat från min iPhone",
		"Sendt fra min iPhone",
		"Lähetetty iPhonesta",
		"Odesláno z iPhonu",
		"Trimis de pe iPhone-ul meu",
		"iPhone'umdan gönderildi",
		"发自我的iPhone",
		"發自我的 iPhone",
		"iPhoneから送信",
		"나의 iPhone에서 보냄",
		"נשלח מה-iPhone שלי",
		"أُرسلت من الـ iPhone",
		"Εστάλη από το iPhone μου",
	};
	struct arena *a = arena_new(1 << 20);

	for (size_t i = 0; a && i < sizeof all / sizeof *all; i++) {
		shows(arena_printf(a, "It works now.\n\n%s\n", all[i]), "It works now.");
		shows(arena_printf(a,
				   "It works now.\n\n%s\n\n> On 6 May 2024, at 10:12, Jo <jo@example.com> wrote:\n> "
				   "\n> Does it?\n",
				   all[i]),
		      "It works now.");
	}
	arena_free(&a);
	shows("It works.\n\nSent from a small boat at sea", "It works.");
	shows("Sent from my desk, which is better than a mobile phone.",
	      "Sent from my desk, which is better than a mobile phone.");
	shows("Sent from my office in Berlin were two parcels.", "Sent from my office in Berlin were two parcels.");
}

Test(email_visible, small_print)
{
	shows("It works now.\n\nJo\n\nThis e-mail and any attachments are confidential and intended solely for\nthe "
	      "addressee. If you are "
	      "not, delete it.\n",
	      "It works now.\n\nJo");
	shows("Geht.\n\nDiese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, "
	      "bitte löschen.\n\n"
	      "Bitte denken Sie an die Umwelt.\n",
	      "Geht.");
	shows("This e-mail is confidential and intended for your manager only, please give it to nobody else, thanks.",
	      "This e-mail is confidential and intended for your manager only, please give it to nobody else, thanks.");
}

Test(email_visible, armour)
{
	shows("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nIt works now.\n-----BEGIN PGP "
	      "SIGNATURE-----\n\niQEz\n=abcd\n"
	      "-----END PGP SIGNATURE-----\n",
	      "It works now.");
}

Test(email_visible, any_bytes)
{
	struct arena *a = arena_new(1 << 20);
	struct str got;

	if (!a)
		return;
	got = mail_visible(STR("\xFF\xFE\0\x80 hello \xC3\n-- \nJo"), a);
	cr_expect(str_eq(got, STR("\xFF\xFE\0\x80 hello \xC3")), "%zu", got.n);
	arena_free(&a);
}
