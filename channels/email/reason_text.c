#include "email/reason.h"

/*
 * What mail servers say, each reason from the sure phrase to the vague one; the order of the list decides when several
 * match. "|" is between phrases, and "~" stands for up to 60 bytes of anything.
 */
static const struct {
	enum reason reason;
	const char *phrases;
} table[] = {
	{REASON_SYSTEM, "child process of|command died with|unable to exec|local delivery failed"},
	{REASON_SENDER_REJECTED,
	 "sender address rejected|sender address~does not exist|sender verify failed|sender verification|"
	 "sender domain|domain of sender|sender rejected|sender is rejected|sender denied|"
	 "sender not allowed|sender blocked|invalid sender|invalid envelope sender|"
	 "invalid domain in from|unable to verify sender|could not verify sender|unauthenticated sender|"
	 "unroutable sender|bogus mail from|rejected sender|reject mail from|mail from~rejected|"
	 "mail from not owned|empty envelope sender|null sender|bounce address not allowed|"
	 "backscatter protection|access denied (in reply to mail from|sender you specified|"
	 "returned mail not accepted here|does not accept mail from sender|resolver.rst.notauthorized|"
	 "resolver.rst.authrequired|not authorized to send|not permitted to send|not allowed to send|"
	 "does not have permission|may not have permission to post|you are not authorized|posting to this group is not "
	 "allowed|"
	 "not a member of|are not member|subscribers only|on reply-to recipients' white|recipient preferences|blocked "
	 "by the recipient|"
	 "recipient has blocked|you have been blocked by|fully qualified email address required"},
	{REASON_MOVED, "user has moved|has moved to|has been replaced by|address has changed|mailbox has moved|"
		       "no longer in use, please use|please try <|user not local; please try"},
	{REASON_NO_MAIL, "null mx|nullmx|mx or srv record indicated no smtp service|no mx found for|no host found for "
			 "existing smtp connection|no mx record found|"
			 "malformed or unexpected name server reply|system not accepting network messages|does not "
			 "accept mail (in|domain does not accept mail|"
			 "does not accept mail from anyone|host/domain does not accept mail|host does not accept mail|"
			 "host does not receive mail|does not receive mail|does not accept any mail|"
			 "recipient domain has null|domain is not receiving mail|"
			 "smtp protocol returned a permanent error: mail receiving disabled|"
			 "name server: .: host not found"},
	{REASON_AUTHENTICATION,
	 "spf check|spf fail|spf hard fail|spf: |spf) |spf record|spf validation|openspf|"
	 "sender policy framework|sender id (pra)|dmarc|dkim|arc validation|email is unauthenticated|"
	 "mail is unauthenticated|is not authenticated|did not pass authentication|"
	 "doesn't meet the authentication requirements|to prevent spoofing|spoofing"},
	{REASON_TOO_BIG, "message size exceeds|size exceeds|exceeded maximum inbound message size|"
			 "exceeds the maximum message size|exceeds maximum|exceeds size limit|exceeded maximum size|"
			 "exceeds fixed|exceeding receiver limit|larger than~limit|larger than the maximum|"
			 "message too large|message is too large|message too big|message too long|too large for|"
			 "message file too big|max message size|maximum message size|message length exceeds|"
			 "size limit exceeded|sizelimit|bigger than|exceeded the allowed size"},
	{REASON_MAILBOX_FULL,
	 "number of messages in recipient's mailbox|mailbox exceeded the local limit|has exceeded its limit|mailbox "
	 "full|mailbox is full|mailbox was full|mailbox for user is full|mailbox would exceed|"
	 "mailbox exceeds|mailbox exceeded|mailbox size limit|mailbox quota|mailbox has exceeded|"
	 "mailbox over quota|mailfolder is full|mail folder is full|mailspool is full|mailbox.full|"
	 "inbox is full|inbox full|is over quota|over quota|overquota|over the quota|over its quota|"
	 "over disk quota|out of storage|quota exceed|quotaexceeded|quota limit|quota violation|"
	 "quota full|disk quota|exceeded~quota|exceeds~quota|exceed~quota|exceeded storage allocation|"
	 "exceeded its storage|storage limit|storage quota|too much mail data|not enough storage|"
	 "not enough disk space to|no space left in~mailbox|full mailbox|account is full|user is full|"
	 "user full|recipient's mailbox is full|boite du destinataire pleine|postfach voll|"
	 "postfach ist voll|buzon lleno|casella piena|full~mailbox|it is full|"
	 "maildir delivery failed: userquota|maildir over|maildir full|"
	 "has too many messages on the server|too many messages in this mailbox|mailfull|"
	 "insufficient disk quota|ambox is full"},
	{REASON_VIRUS, "virus detected|virus infected|contains a virus|contained a virus|has a virus|malware|"
		       "infected with|is infected|virus found|known virus|a potentially executable attachment|"
		       "due to virus|virus~rejected|viruses"},
	{REASON_RATE_LIMITED,
	 "too many connections|too many concurrent|too many recipients|too many errors|too many emails|"
	 "too many mails|too many messages|too many invalid|connection rate limit|rate limit|ratelimit|"
	 "rate-limit|rate exceeded|receiving mail at a rate|receiving mail too quickly|"
	 "message limit exceeded|sending limit|daily message quota|throttl|slow down|unusual rate of|"
	 "max number of messages exceeded|sent too much mail"},
	{REASON_SPAM, "detected as spam|considered spam|considered unsolicited|considered to be spam|"
		      "classified as spam|identified as spam|rejected as spam|refused as spam|marked as spam|"
		      "flagged as spam|scored as spam|because it's spam|is spam|be spam|is probably spam|like spam|"
		      "spam message|spam mail|spam detected|spam content|spam score|spam filter|spam check|"
		      "spam rejected|spam reporting|spam not accepted|spam refused|spam limit|spamassassin|spam-like|"
		      "antispam|anti-spam|due to spam|for spam|unsolicited|bulk mail|bulk email|junk mail|our bulk|"
		      "(ube)|high spam|content analysis|blocked by our content filter|cyberoam"},
	{REASON_NO_RELAY,
	 "relay access denied|relay denied|relaying denied|relaying is denied|relay not permitted|"
	 "relay not allowed|relaying not permitted|relaying not allowed|relay is denied|relay prohibited|"
	 "not a relay|not an open relay|unable to relay|cannot relay|we do not relay|won't relay|"
	 "will not relay|no relaying|relaying mail to|relaying prohibited|"
	 "isn't in my list of allowed rcpthosts|isn't in my control/locals|not in my list of allowed|"
	 "we don't handle mail for|not local host|not permitted to relay|relay operation rejected|"
	 "insecure mail relay|mail server requires authentication when"},
	{REASON_EXPIRED,
	 "delivery failed~attempts|i'm not going to try again|delivery time expired|delivery expired|retry timeout "
	 "exceeded|retry time not reached|"
	 "retry limit exceeded|message expired|has expired in|queue.expired|been in the queue too long|"
	 "in the queue too long|for too long|has been queued for|could not be delivered for|"
	 "could not be delivered within|could not be delivered in|was not delivered within|"
	 "not delivered in time|unable to deliver after|message was undeliverable after|"
	 "could not send message for|cannot send message within|cannot send message for|"
	 "giving up on this message|too old|delivery attempts failed|maximum retries|message timed out|"
	 "time limit exceeded|delivery timed out|it has not been collected after|failed to deliver after|"
	 "has been delayed|is delayed|delivery delayed|delayed|will be retried|will retry|"
	 "will continue to be made|will keep trying"},
	{REASON_HOST_UNKNOWN,
	 "all host address lookups failed permanently|couldn't find a mail exchanger|weren't able to find the "
	 "recipient domain|host unknown|unknown host|host~not found|host not found|domain not found|domain name not "
	 "found|no such "
	 "domain|"
	 "unknown domain|domain does not exist|domain doesn't exist|domain must exist|"
	 "domain is not reachable|domain~couldn't be found|domain~could not be found|domain~not found|"
	 "recipient domain must|invalid domain|bad domain|bad destination system|unrouteable mail domain|"
	 "all relevant mx records point to non-existent|nxdomain|nonexistent domain|non-existent domain|"
	 "name or service not known|name service error for~host not found|couldn't find any host|"
	 "couldn't find any host named|no such host|host or domain name not found|"
	 "address not found (#5.1.2)|unresolvable host|hostname lookup failed|"
	 "server for the recipient's domain name was not found|has no mx or address records|"
	 "no mx or a record|does not have an mx|no route found to domain|host has no|"
	 "dns error: domain name|illegal host/domain name"},
	{REASON_MAILBOX_DISABLED,
	 "account disabled|account is disabled|account has been disabled|"
	 "account that you tried to reach is disabled|account~is disabled|account is inactive|"
	 "account inactive|account that you tried to reach is inactive|inactive account|account~inactive|"
	 "inactive user|user is inactive|user account is expired|account expired|account has expired|"
	 "account is suspended|account suspended|account has been suspended|"
	 "account has been temporarily suspended|account is locked|account locked|account is temporarily|"
	 "account temporarily|account has been blocked|account is not active|account deactivated|"
	 "account closed|recipient suspend|user suspended|user is suspended|user disabled|"
	 "user is disabled|user~temporarily disabled|mailbox disabled|mailbox is disabled|"
	 "mailbox is inactive|mailbox is frozen|mailbox temporarily disabled|mailbox currently suspended|"
	 "mailbox suspended|mailbox is blocked|recipient disabled|boite du destinataire archivee|"
	 "is a deactivated mailbox|is currently suspended|domain is suspended|"
	 "vdelivermail: account is locked|extended inactivity|recipient is frozen|not currently accepting"},
	{REASON_USER_UNKNOWN,
	 "requested action not taken: mailbox unavailable|is not recognized|recipient name is not|account does not "
	 "exist|this user doesn't have|konnte nicht gefunden|n'a pas été trouvée|no se "
	 "encontró|542~rejected|ディレクトリには見つかりません|user "
	 "unknown|unknown user|user is unknown|user not found|user not exist|user does not exist|"
	 "user doesn't exist|user~does not exist|user~not found|user~doesn't have|user not known|"
	 "user not listed|user~not listed in|user unkown|unknown local|unknown recipient|unknown address|"
	 "unknown mailbox|unknown or illegal|unknown email|unknown e-mail|unknown account|unknown alias|"
	 "recipient unknown|recipient not found|recipient~not found|recipient is not|"
	 "recipient does not exist|recipient doesn't exist|recipient no longer|recipient not exist|"
	 "recipient~does not exist|recipnotfound|recipientnotfound|resolver.adr.recip|"
	 "resolver.adr.exrecip|resolver.adr.badprimary|resolver.adr.invalidinternal|no such user|"
	 "no such recipient|no such address|no such mailbox|no such account|no such person|no such email|"
	 "no such local user|no such virtual user|no user with that name|no user by that name|"
	 "no mailbox here|no mailbox by that name|no mailbox found|no mailbox|"
	 "no matches to nameserver query|no account by that name|no valid recipient|no recipient|"
	 "no longer valid|no longer available|no longer exist|no longer on server|no longer in use|"
	 "mailbox unavailable or access denied|mailbox not found|mailbox does not exist|"
	 "mailbox doesn't exist|mailbox not present|mailbox unknown|mailbox is unknown|"
	 "mailbox is unavailable|mailbox nonexist|mailbox invalid|invalid mailbox|invalid recipient|"
	 "invalid address|invalid user|invalid final delivery|invalid or unknown|not a valid recipient|"
	 "not a valid mailbox|not a valid user|not a known user|not a registered|is not a known|"
	 "is not known|isn't listed in|not listed in domino|not listed in public name|not our customer|"
	 "not exist|doesn't exist|does not have an account|doesn't have a|does not have a mailbox|"
	 "address unknown|address not found|address couldn't be found|"
	 "address you entered couldn't be found|address wasn't found|address~wasn't found|"
	 "address is unknown|address does not exist|address no longer|address error|address invalid|"
	 "account not found|account does not exist|account~does not exist|account unavailable|"
	 "bad destination mailbox|bad destination email|bad mailbox|bad recipient|unrouteable address|"
	 "unroutable address|undeliverable address|delivery to nonexistent|nonexistent user|"
	 "non-existent user|non existent user|addressee unknown|can't verify recipient|cannot find user|"
	 "could not find user|couldn't find user|local_part~not found|there is no one at this address|"
	 "there is no such|adresse inconnue|adresse d au moins un destinataire invalide|"
	 "destinataire inconnu|utilisateur inconnu|empfaenger unbekannt|unbekannter benutzer|"
	 "has been deleted|sorry, i couldn't find|isn't a user|user not in|can't create output|"
	 "verify your recipients"},
	{REASON_SECURITY, "authentication required|authentication failed|authentication failure|must issue a starttls|"
			  "tls required|tls is required|encryption needed|executable files are not allowed|insecure|"
			  "ssl handshake|certificate"},
	{REASON_BLOCKED, "blacklist|black list|black-list|blocklist|block list|blocked using|blocked by|blocked due to|"
			 "has been blocked|is blocked|are blocked|we blocked|banned sending ip|banned|poor reputation|"
			 "low reputation|bad reputation|reputation|spamhaus|spamcop|barracudacentral|sorbs|dnsbl|rbl|"
			 "ptr record|reverse dns|reverse hostname|reverse lookup|no ptr|cannot find your hostname|"
			 "cannot resolve your|client host rejected|helo command rejected|your host|your server|your ip|"
			 "your network|connection refused from|connections from|not accepted from|"
			 "not accepting mail from|not accepting messages from|go away|dynamic ip|dialup|complaints|"
			 "we do not accept mail from"},
	{REASON_CONTENT, "attachment|message content rejected|content rejected|content filter|header error|"
			 "missing~header|multiple~headers|mime|rfc 5322|rfc5322|rfc 2822|8-bit|conversion|"
			 "invalid message|message rejected due to content"},
	{REASON_POLICY, "policy|policies|not rfc compliant|rfc compliant|not in compliance|prohibited|administrative|"
			"security reasons|greylist"},
	{REASON_SYSTEM_FULL, "system storage|insufficient system|no space left on device|mail system full|disk full|"
			     "requested mail action aborted: exceeded"},
	{REASON_NETWORK, "connection refused|connection timed out|connection lost|connection reset|connection dropped|"
			 "lost connection|connect to|cannot connect|could not connect|unable to connect|"
			 "establish an smtp connection|no route to host|network is unreachable|network error|"
			 "operation timed out|timed out|timeout|too many hops|too many received|hop count|mail "
			 "loop|duplicated message-id|loop alert|"
			 "loops back|loop|name server|dns error|dns lookup|lookup failure|unreachable|host is down|"
			 "not responding|did not respond"},
	{REASON_PROTOCOL, "syntax error|command not|bad sequence|unrecognized command|not implemented|smtputf8"},
	{REASON_SYSTEM, "system error|server error|configuration error|config error|local error|internal error|"
			"mailer error|pipe to|exit code|service unavailable|service not available|out of memory|"
			"local configuration|i/o error"},
	{REASON_FILTERED, "access denied|recipient rejected|recipient refused|recipient address rejected|not accepting|"
			  "refused|rejected|denied"},
};

/* Does `part` stand in `s` at or after `from`, and before `until`? Where it ends; 0: no. */
static size_t part_in(struct str s, size_t from, size_t until, const char *part, size_t n)
{
	const char *p = from < until ? memmem(s.p + from, until - from, part, n) : NULL;

	return p ? (size_t)(p - s.p) + n : 0;
}

static bool says(struct str s, struct str phrase)
{
	const char *gap = memchr(phrase.p, '~', phrase.n);
	size_t n = gap ? (size_t)(gap - phrase.p) : phrase.n, rest = phrase.n - n - (gap != NULL), at = 0, until;

	for (int tries = 0; tries < 8 && (at = part_in(s, at, s.n, phrase.p, n)); tries++) {
		if (!gap)
			return true;
		until = at + 60 + rest < s.n ? at + 60 + rest : s.n;
		if (part_in(s, at, until, gap + 1, rest))
			return true;
	}
	return false;
}

static bool says_one(struct str s, const char *phrases)
{
	for (const char *p = phrases;; p++) {
		size_t n = strcspn(p, "|");
		if (says(s, str_n(p, n)))
			return true;
		p += n;
		if (!*p)
			return false;
	}
}

enum reason reason_of_text(struct str s)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (says_one(s, table[i].phrases))
			return table[i].reason;
	return REASON_NONE;
}
