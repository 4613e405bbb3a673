#include "email/visible_words.h"

/* Words between bars. A word of one script ends where its letters end; those of the East Asian scripts, of Thai, Hebrew
 * and Arabic touch what is beside them. */
/* clang-format off */
static const char verb_last[] =
	"|wrote|wrote the following|writes|has written|schrieb folgendes|geschrieben|schreibt|a ecrit"
	"|a ecrit ce qui suit|ecrivait|escribio lo siguiente|ha escrito|ha scritto|ha scritto quanto segue"
	"|scrisse|escreveu o seguinte|schreef het volgende|geschreven|verzond|napisalo|pisze|napise"
	"|je napisal|je napisal/a|skrev foljande|skrev folgende|har skrevet|skrifadi|kirjoitti nain|irta"
	"|ezt irta|a scris|a scris urmatoarele|yazdi|sunu yazdi|sunlari yazdi|da viet|menulis|va escriure"
	"|ha escrit|escribiu|idatzi du|rase|parase|rakstija|skribis|написано|";
static const char verb_name[] =
	"|schrieb|escribio|escreveu|schreef|napisal|napisala|napisal(a)|napisal/a|napisana|napsal|napsala|napsal(a)|napsal/a|napisao|napisao je"
	"|napisao/la|skrev|skreiv|kirjoitti|kirjutas|написал|написала|написал(а)|писал|писал(а)|писала|пишет"
	"|пише|написав|написав(ла)|написа|написао|написао/ла|εγραψε|";
static const char verb_said[] =
	"|said|scrive|";
static const char touching_last[] =
	"|写道|寫道|写到|写了|已写|撰写|写信说|のメール|のメッセージ|書きました|書いた|님이 작성|작성"
	"|썼습니다|쓴 글|작성했습니다|님의 말|เขียนว่า|เขียน|نوشت|ने लिखा|";
static const char touching_name[] =
	"|כתב|כתבה|כתב/ה|מאת|كتب|كتبت|كتب/ت|كتابة ما يلي بواسطة|";
static const char touching_said[] =
	"|来信|";

static const char forwarded[] =
	"|original message|original mail|mail original|mail transfere|weitergeleitete e-mail|weitergeleitete mail|original e-mail|original email|original appointment"
	"|forwarded message|forwarded mail|forwarded by|reply message|quoted message|begin forwarded"
	"|start of forwarded|end of forwarded|fwd message|ursprungliche nachricht|ursprungliche mail"
	"|ursprungliche e-mail|original-nachricht|originalnachricht|ursprungsnachricht|originaltext"
	"|original-mail|urspruengliche nachricht|weitergeleitete nachricht|weitergeleitet von"
	"|message d'origine|message original|message initial|message transfere|message transmis"
	"|courriel original|e-mail d'origine|mensaje original|mensaje reenviado|correo original"
	"|messaggio originale|messaggio inoltrato|messaggio originario|inizio messaggio inoltrato"
	"|mensagem original|mensagem encaminhada|mensagem reencaminhada|mensaxe orixinal|missatge original"
	"|missatge reenviat|oorspronkelijk bericht|oorspronkelijke bericht|origineel bericht"
	"|doorgestuurd bericht|doorgestuurde bericht|wiadomosc oryginalna|oryginalna wiadomosc"
	"|tresc oryginalnej wiadomosci|wiadomosc przekazana|przekazana wiadomosc|wiadomosc przeslana dalej"
	"|исходное сообщение|исходное письмо|оригинальное сообщение|пересылаемое сообщение"
	"|пересланное сообщение|перенаправленное сообщение|пересылаемое письмо|конец пересылаемого сообщения"
	"|оригінальне повідомлення|вихідне повідомлення|початкове повідомлення|переслане повідомлення"
	"|оригинално съобщение|препратено съобщение|оригинална порука|ursprungligt meddelande"
	"|originalmeddelande|orginalmeddelande|vidarebefordrat meddelande|vidarebefordrat brev"
	"|oprindelig meddelelse|original meddelelse|videresendt meddelelse|videresendt besked"
	"|oprindelig besked|opprinnelig melding|originalmelding|opprinnelig e-post|videresendt melding"
	"|alkuperainen viesti|alkuperainen sahkoposti|valitetty viesti|edelleenlahetetty viesti"
	"|puvodni zprava|puvodni e-mail|puvodni email|preposlana zprava|povodna sprava|preposlana sprava"
	"|eredeti uzenet|tovabbitott uzenet|tovabbitott level|mesaj original|mesajul original"
	"|mesaj redirectionat|mesaj inaintat|orijinal mesaj|ozgun ileti|orjinal mesaj|iletilmis mesaj"
	"|iletilen mesaj|yonlendirilen ileti|yonlendirilmis|izvorna poruka|originalna poruka"
	"|izvirno sporocilo|proslijedena poruka|originaal kiri|algne kiri|algupalane sonum|originalus laiskas"
	"|pradinis pranesimas|sakotnejais zinojums|αρχικο μηνυμα|προωθημενο μηνυμα|thu goc|tin nhan goc"
	"|thu da chuyen tiep|pesan asli|pesan terusan|pesan diteruskan|原始邮件|原始郵件|原始信件|原邮件"
	"|邮件原件|原始消息|转发邮件|转发的邮件|转发信息|转发的信息|轉寄郵件|轉寄的郵件|转寄|转发|轉寄"
	"|回复的原邮件|回复邮件|元のメッセージ|オリジナルメッセージ|転送メッセージ|転送されたメッセージ"
	"|転送メール|元のメール|원본 메시지|원본메시지|원본 메일|원본메일|원본 이메일|전달된 메시지"
	"|전달된 메일|הודעה מקורית|ההודעה המקורית|הודעה שהועברה|הודעה מועברת|الرسالة الاصلية|رسالة اصلية"
	"|الرسالة المعاد توجيهها|رسالة معاد توجيهها|رسالة تمت اعادة توجيهها|پيام اصلي|ข้อความต้นฉบับ"
	"|ต้นฉบับข้อความ|मूल संदेश|";

/* Apple's, which draws no line. */
static const char begins[] =
	"|begin forwarded message|start of forwarded message|anfang der weitergeleiteten nachricht"
	"|anfang der weitergeleiteten e-mail|debut du message reexpedie|debut du message transfere"
	"|inicio del mensaje reenviado|inicio da mensagem reencaminhada|inicio da mensagem encaminhada"
	"|inizio messaggio inoltrato|begin doorgestuurd bericht|poczatek przekazywanej wiadomosci"
	"|poczatek przekazanej wiadomosci|начало переадресованного сообщения|начало пересылаемого сообщения"
	"|початок переадресованого повідомлення|vidarebefordrat brev|start pa vidarebefordrat meddelande"
	"|start pa videresendt besked|begynd videresendt besked|videresendt melding"
	"|begynnelse pa videresendt melding|valitetty viesti alkaa|valitetyn viestin alku"
	"|zacatek preposilane zpravy|zaciatok preposielanej spravy|tovabbitott level kezdete"
	"|inceputul mesajului redirectionat|iletilen ileti basladi|iletilen mesajin baslangici"
	"|αρχη προωθημενου μηνυματοσ|inici del missatge reenviat|bat dau thu da chuyen tiep|以下是转发的邮件"
	"|开始转发邮件|下面是被转发的邮件|开始转发的邮件|以下是轉寄的郵件|開始轉寄郵件|転送されたメッセージ"
	"|전달된 메시지|전달된 메시지 시작|תחילת ההודעה שהועברה|بدء الرسالة المعاد توجيهها"
	"|بداية الرسالة المعاد توجيهها|";

static const char head_from[] =
	"|from|sender|von|absender|de|expediteur|remitente|da|mittente|remetente|van|afzender|od|nadawca|от"
	"|от кого|отправитель|від|від кого|відправник|од|fran|avsandare|fra|afsender|avsender|lahettaja"
	"|odesilatel|odosielatel|felado|kimden|gonderen|gonderici|de la|expeditor|απο|αποστολεασ|tu|nguoi gui"
	"|dari|posiljatelj|saatja|nuo|发件人|發件人|寄件者|寄件人|发信人|差出人|送信者|보낸 사람|보낸사람"
	"|보낸이|발신|발신인|מאת|من|المرسل|از|จาก|";
static const char head_date[] =
	"|sent|sent at|sent on|date|date sent|received|gesendet|gesendet am|datum|envoye|envoye le"
	"|date d'envoi|enviado|enviado el|fecha|fecha de envio|enviado em|enviada|enviada em|data"
	"|data de envio|inviato|inviato il|data invio|verzonden|verzonden op|wyslano|wyslane|wyslana"
	"|отправлено|дата|дата отправки|надіслано|відправлено|изпратено|датум|послато|skickat|sendt|dato"
	"|lahetetty|paivays|paivamaara|pvm|odeslano|odoslane|kuldve|elkuldve|trimis|gonderildi"
	"|gonderilme tarihi|gonderme tarihi|gonderim tarihi|tarih|εσταλη|ημερομηνια|da gui|ngay|dikirim"
	"|tanggal|poslano|saadetud|issiusta|kuupaev|发送时间|发送日期|发件日期|發送時間|發送日期|寄件日期"
	"|傳送時間|傳送日期|日期|时间|日時|日付|送信日時|送信日|보낸 날짜|보낸날짜|보낸 시간|날짜|발신일|일시"
	"|נשלח|נשלח ב|תאריך|تم الارسال|التاريخ|تاريخ الارسال|تاريخ|ارسلت|ส่ง|วันที่|";
static const char head_to[] =
	"|to|an|empfanger|a|destinataire|destinataires|para|destinatario|destinatari|aan|ontvanger|do|adresat"
	"|кому|получатель|до|за|till|til|modtager|vastaanottaja|komu|pro|pre|cimzett|kime|alici|catre|προσ"
	"|den|toi|kepada|za|prima|saaja|kam|per a|收件人|收件者|收信人|宛先|받는 사람|받는사람|받는이|수신"
	"|수신인|אל|ל|الي|به|ถึง|";
static const char head_cc[] =
	"|reply-to|reply to|antwort an|cc|bcc|kopie|kopie (cc)|copie|copie a|con copia|kopia|do wiadomosci|dw"
	"|kopi|копия|копія|masolatot kap|masolat|bilgi|抄送|副本|참조|עותק|העתק|نسخة|importance|priority"
	"|attachments|wichtigkeit|prioritat|anlagen|anhange|";
static const char head_subject[] =
	"|subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|temat|тема|относно|наслов|amne|emne"
	"|aihe|predmet|targy|konu|subiect|θεμα|chu de|tieu de|subjek|perihal|assumpte|zadeva|teema|tema|主题"
	"|主題|主旨|标题|件名|제목|נושא|הנדון|الموضوع|موضوع|เรื่อง|";
/* clang-format on */

/* The words of a list one by one, from p on, which is at the bar before a word; false at the end. */
static bool next_word(const char **p, struct str *word)
{
	const char *end = (*p)[0] ? strchr(*p + 1, '|') : NULL;

	if (!end)
		return false;
	*word = str_n(*p + 1, (size_t)(end - *p - 1));
	*p = end;
	return true;
}

static bool begins_with(struct str s, struct str word) { return s.n >= word.n && memcmp(s.p, word.p, word.n) == 0; }

/* Letters, digits and all of UTF-8's longer characters. */
static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c & 0x80); }

/* Where the last `word` in s ends; 0 if it is not in it. */
static size_t last_end(struct str s, struct str word, bool touches)
{
	const char *p = s.p, *stop = s.p + s.n;
	size_t end = 0;

	for (; (size_t)(stop - p) >= word.n && (p = memmem(p, (size_t)(stop - p), word.p, word.n)); p++) {
		size_t at = (size_t)(p - s.p), e = at + word.n;
		if (touches || ((at == 0 || !letter(s.p[at - 1])) && (e == s.n || !letter(s.p[e]))))
			end = e;
	}
	return end;
}

enum verb_form word_verb(struct str s, struct str *after)
{
	static const struct {
		const char *list;
		enum verb_form form;
		bool touches;
	} lists[] = {{verb_last, VERB_LAST, false},    {verb_name, VERB_NAME, false},
		     {verb_said, VERB_SAID, false},    {touching_last, VERB_LAST, true},
		     {touching_name, VERB_NAME, true}, {touching_said, VERB_SAID, true}};
	enum verb_form form = VERB_NONE;
	bool plain = true; /* ASCII */
	size_t end = 0;

	for (size_t i = 0; i < s.n; i++)
		plain &= !(s.p[i] & 0x80);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const char *p = lists[i].list;
		struct str word;
		while (!(lists[i].touches && plain) && next_word(&p, &word)) {
			size_t e = last_end(s, word, lists[i].touches);
			if (e > end) {
				end = e;
				form = lists[i].form;
			}
		}
	}
	*after = str_n(s.p + end, s.n - end);
	return form;
}

bool word_forwarded(struct str s)
{
	const char *p = forwarded;
	struct str word;

	while (next_word(&p, &word))
		if (begins_with(s, word))
			return true;
	return word_begins(s);
}

bool word_begins(struct str s)
{
	const char *p = begins;
	struct str word;

	while (s.n && (s.p[s.n - 1] == ':' || s.p[s.n - 1] == ' '))
		s.n--;
	while (next_word(&p, &word))
		if (str_eq(s, word))
			return true;
	return false;
}

enum head_kind word_head(struct str name)
{
	static const struct {
		const char *list;
		enum head_kind kind;
	} lists[] = {{head_from, HEAD_FROM},
		     {head_date, HEAD_DATE},
		     {head_to, HEAD_TO},
		     {head_cc, HEAD_CC},
		     {head_subject, HEAD_SUBJECT}};

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const char *p = lists[i].list;
		struct str word;
		while (next_word(&p, &word))
			if (str_eq(word, name))
				return lists[i].kind;
	}
	return HEAD_NONE;
}
