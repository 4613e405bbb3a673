/*
 * What programs and companies put below a mail: "Sent from my telephone", "reply above this line", small print.
 * The words are in the folded form of visible_fold.h.
 */
#include "email/visible_lines.h"

enum { SIGN_BYTES = 500, DEVICE_BYTES = 120, ABOVE_BYTES = 160, PRINT_BYTES = 80, PARAGRAPHS = 4 };

/* clang-format off */
/* A line that begins so and is short. */
static const char device_begins[] =
	"|sent from my |sent from mail for |sent from outlook|sent from yahoo|sent from samsung|sent from windows"
	"|sent from proton|sent from mailbox|sent from iphone|sent from ipad|sent from android|sent from a mobile"
	"|sent from an |sent from blackberry|sent from gmail|sent from nokia|sent from huawei|sent from xiaomi"
	"|sent from the |sent from type|sent from nine|sent from mobile|sent from aol|sent via |sent using "
	"|sent with proton|sent with airmail|sent with aquamail|sent with spark|sent with "
	"|get outlook for |get bluemail for |get typeapp for |sent on my |sent by phone|sent on the go|sent on the move"
	"|von meinem |von meiner |von unterwegs|von mein iphone|gesendet von |gesendet mit |gesendet vom |gesendet aus "
	"|gesendet uber |diese nachricht wurde von mein|diese nachricht wurde mit |diese e-mail wurde von mein"
	"|von iphone gesendet|von ipad gesendet|versendet mit |versandt mit |outlook fur |laden sie outlook |holen sie sich outlook "
	"|envoye de mon |envoye de ma |envoye depuis |envoye a partir d|envoye avec |envoye par |envoye via "
	"|telecharger outlook |obtenez outlook |obtenir outlook "
	"|enviado desde |enviado de mi |enviado de samsung|enviado mediante |enviado con |obtener outlook "
	"|descargar outlook |enviado do meu |enviado a partir d|enviado do |enviado pelo |enviado do correio |obter o outlook |baixe o outlook "
	"|enviado via |enviado por mi |enviat des |enviat amb "
	"|inviato da |inviato dal |inviato con |inviata da |inviato tramite |scarica outlook |ottieni outlook "
	"|verzonden vanaf |verstuurd vanaf |verzonden met |verstuurd met |verzonden via |verzonden vanuit |outlook voor "
	"|verstuurd vanuit |verzonden van mijn|wyslane z |wyslano z |wyslane przez |wyslano przez |wyslane za |pobierz outlook "
	"|pobierz aplikacje outlook|uzyskaj outlook|pobierz program outlook"
	"|отправлено с |отправлено из |отправлено со |отправлено через |послано с |с моего iphone"
	"|скачать outlook|получить outlook|загрузить outlook|надіслано з |відправлено з |надіслано через "
	"|изпратено от |послато са |послато с |пратено от "
	"|skickat fran |skickades fran |skickad fran |skickat med |skickat via |hamta outlook "
	"|sendt fra |sendt via |sendt med |hent outlook |fa outlook |last ned outlook "
	"|lahetetty minun |lahetetty |hanki outlook |odeslano z |odeslano ze |odeslano pomoci |odeslano prostrednictvim"
	"|ziskat outlook |ziskejte outlook |odoslane z |odoslane zo |poslano z |poslano s |poslano sa |poslato sa |poslato s "
	"|trimis de pe |trimis din |trimis de la |obtineti outlook |kuldve |elkuldve |iphone-rol|iphone-omrol|ipad-emrol|saadetud minu "
	"|saadetud |nosutits no |issiusta is |εσταλη απο |σταλθηκε απο |σταλμενο απο |gui tu |duoc gui tu |da gui tu "
	"|dikirim dari |dikirim menggunakan |ipadimdan |iphone'umdan |iphone'dan |ipad'imden "
	"|发自我的|發自我的|从我的|從我的|来自我的|发自|發自|傳送自|发送自|寄自我的|從 iphone|获取 outlook|取得 outlook|取得适用于"
	"|iphoneから|ipadから|androidから|my iphoneから|私のiphoneから|"
	"|나의 iphone|내 iphone|나의 ipad|나의 |iphone에서 |"
	"|נשלח מה|נשלח מ|ارسلت من|ارسل من|تم الارسال من|مرسل من|مرسلة من|ارسلت بواسطة|فرستاده شده از|ส่งจาก|";

/* A line that begins so needs no telephone: people write their own jokes there. */
static const char device_jokes[] = "|sent from my |sent from a |sent from an |sent from the |sent via my |发自我的|發自我的|";

/* The same at the end of a line, where the verb of a language is last. */
static const char device_ends[] =
	"| gesendet| gesendet.| versendet| verstuurd| verzonden|から送信|から送信しました|より送信|から送信されました|에서 보냄|에서 발송"
	"|에서 보냈습니다|에서 보낸 메일|에서 보낸 메일입니다| gonderildi|dan gonderildi| kuldve| kuldtem|から送られました|发送|傳送|";

/* With it in the line, a line that ends so is about a device: one does send parcels, too. */
static const char devices[] =
	"|iphon|ipad|ipod|apple|android|samsung|galaxy|blackberry|windows|outlook|mail|mobil|smartphone|handy|telefon|phone"
	"|huawei|xiaomi|redmi|nokia|htc|lumia|pixel|oneplus|motorola|oppo|tablet|yahoo|gmx|web.de|telekom|gmail|sony|xperia|lg "
	"|spark|thunderbird|proton|airmail|mailbird|gerat|movil|celular|cellulare|telemovel|komork|puhelim|telefono|portable"
	"|device|dispositiv|appareil|apparaat|enhet|enhed|urzadzen|устроиств|телефон|смартфон|мобильн|почт|пошт|аифон"
	"|手机|手機|邮箱|郵件|邮件|mac|mi |携帯|スマホ|スマートフォン|휴대폰|스마트폰|갤럭시|הטלפון|אייפון|ايفون|هاتف|جوال|جهاز|";

static const char above[] =
	"|reply above this line|write above this line|above this line to post|reply above the line|type your reply above|write your reply above|reply only above"
	"|enter your reply above|reply above here|respond above this line|add your reply above|text above this line"
	"|above this line to reply|uber dieser zeile antworten|antwort uber dieser zeile|antwort oberhalb dieser zeile"
	"|oberhalb dieser linie|oberhalb dieser zeile|uber diese zeile|uber dieser linie"
	"|au-dessus de cette ligne|reponse ci-dessus|encima de esta linea|arriba de esta linea|sobre esta linea"
	"|por encima de esta|sopra questa riga|al di sopra di questa|sopra questa linea|acima desta linha|acima dessa linha"
	"|boven deze lijn|boven deze regel|nad ta linia|powyzej tej linii|nad tym wierszem|выше этои линии|выше этои строки"
	"|над этои строкои|над этои линиеи|вище цього рядка|вище цієі лініі|над тази линия"
	"|ovanfor denna rad|ovanfor den har raden|ovanfor denna linje|over denne linje|over denne linjen|ovenfor denne linje"
	"|taman rivin ylapuolelle|taman viivan ylapuolelle|nad tento radek|nad tuto caru|nad timto radkem|nad touto carou"
	"|nad tento riadok|e sor fole|a vonal fole|bu satirin ustun|bu cizginin ustun|deasupra acestei linii"
	"|在此行上方|在此线上方|此行以上|在此行之上|この行より上|この線より上|この行の上|이 줄 위에|이 선 위에"
	"|מעל שורה זו|מעל קו זה|فوق هذا السطر|فوق هذا الخط|πανω απο αυτη τη γραμμη|phia tren dong nay|di atas baris ini|";

static const char greetings[] =
	"|hi|hi there|hello|hello there|hey|dear|good morning|good afternoon|good evening|hallo|guten tag|guten morgen"
	"|moin|servus|liebe|lieber|bonjour|bonsoir|salut|cher|chere|hola|buenos dias|buenas tardes|estimado|estimada|ciao"
	"|salve|buongiorno|gentile|ola|bom dia|boa tarde|prezado|prezada|hoi|dag|goedemorgen|goedemiddag|beste|geachte"
	"|czesc|dzien dobry|witam|здравствуите|привет|добрыи день|доброго дня|вітаю|hej|god morgon|god morgen|hei|moi|terve"
	"|ahoj|dobry den|merhaba|selam|iyi gunler|szia|buna ziua|你好|您好|こんにちは|안녕하세요|שלום|مرحبا|السلام عليكم|";

/* The openings of small print, and what it is about: both have to be there. */
static const char print_begins[] =
	"|this e-mail|this email|this message|this communication|this mail|this electronic|this transmission"
	"|the information contained in|the information in this|the information transmitted|the content of this"
	"|the contents of this|confidentiality|confidential|notice:|important notice|important:|disclaimer|privileged"
	"|legal notice|please consider the environment|virus-free|virenfrei|libre de virus|diese e-mail|diese mail"
	"|diese nachricht|der inhalt dieser|die information|vertraulich|haftungsausschluss|wichtiger hinweis|ce message"
	"|ce courriel|cet e-mail|ce mail|ce courrier|les informations contenues|avertissement|este mensaje|este correo"
	"|este e-mail|la informacion contenida|aviso de|aviso legal|advertencia|questo messaggio|questa e-mail"
	"|le informazioni contenute|avviso di|esta mensagem|este email|as informacoes contidas|dit bericht|deze e-mail"
	"|de informatie|niniejsza|ta wiadomosc|wiadomosc ta|tresc tej|настоящее сообщение|это сообщение|это письмо"
	"|данное сообщение|данное письмо|информация|це повідомлення|detta meddelande|detta e-post|denna e-post|denne e-mail"
	"|denne mail|denne e-post|denne meddelelse|denne meldingen|tama viesti|tama sahkoposti|tato zprava|tento e-mail"
	"|tento email|obsah tohoto|bu e-posta|bu mesaj|bu ileti|本邮件|此邮件|本郵件|このメール|本メール|이 메일|본 메일"
	"|이 이메일|본 이메일|הודעה זו|הודעת דואר|هذه الرسالة|هذا البريد|";
static const char print_words[] =
	"|confiden|intended recipient|intended only|intended solely|privileged|before printing|virus|vertraulich|bestimmt"
	"|konfident|confidentiel|riservat|vertrouwelijk|geadresseerde|poufn|adresata|конфиденц|конфіденц|konfidentiell|fortrolig"
	"|luottamuksel|duvern|gizli|保密|机密|機密|기밀|비밀|סודי|חסוי|سري|";
/* clang-format on */

static bool next_word(const char **p, struct str *word)
{
	const char *end = (*p)[0] ? strchr(*p + 1, '|') : NULL;

	if (!end)
		return false;
	*word = str_n(*p + 1, (size_t)(end - *p - 1));
	*p = end;
	return true;
}

enum place { BEGINS, ENDS, ANYWHERE };

static bool one_of(struct str s, const char *list, enum place place)
{
	struct str w;

	while (next_word(&list, &w)) {
		if (w.n == 0 || w.n > s.n)
			continue;
		if (place == ANYWHERE ? memmem(s.p, s.n, w.p, w.n) != NULL
				      : memcmp(place == BEGINS ? s.p : s.p + s.n - w.n, w.p, w.n) == 0)
			return true;
	}
	return false;
}

/* Without the address of a link at the end: "Get Outlook for iOS<https://aka.ms/x>". */
static struct str unlinked(struct str s)
{
	const char *open = memchr(s.p, '<', s.n);
	const char *http = s.n ? memmem(s.p, s.n, "http", 4) : NULL;

	if (open && (!http || open < http))
		http = open;
	if (http)
		s.n = (size_t)(http - s.p);
	while (s.n && strchr(" ([", s.p[s.n - 1]))
		s.n--;
	return s;
}

static bool sign_device(const struct folded *f)
{
	struct str s = fold_str(f);
	const char *comma;

	if (fold_has(s, "outlook") && fold_has(s, "aka.ms/"))
		return true;
	fold_trim(&s);
	s = unlinked(s);
	while (s.n && strchr("[(", s.p[0])) {
		s.p++;
		s.n--;
	}
	if (s.n == 0 || s.n > DEVICE_BYTES || fold_words(s) > 14)
		return false;
	comma = memchr(s.p, ',', s.n); /* what comes behind it is an excuse for the telephone, or a sentence */
	if (one_of(s, device_begins, BEGINS) || one_of(s, device_ends, ENDS))
		if (one_of(comma ? str_n(s.p, (size_t)(comma - s.p)) : s, devices, ANYWHERE))
			return true;
	return fold_words(s) <= 7 && !strpbrk(f->p, ".,:;!?") && one_of(s, device_jokes, BEGINS);
}

bool sign_greeting(struct str text)
{
	struct folded f;
	struct str s, word;

	fold_line(&f, text);
	s = fold_str(&f);
	while (s.n && strchr("!.,-:) ", s.p[s.n - 1]))
		s.n--;
	for (const char *p = greetings; next_word(&p, &word);)
		if (s.n >= word.n && memcmp(s.p, word.p, word.n) == 0 && (s.n == word.n || s.p[word.n] == ' ') &&
		    fold_words(s) <= fold_words(word) + 2)
			return true;
	return false;
}

static bool sign_above(const struct folded *f)
{
	struct str s = fold_str(f);

	return s.n > 0 && s.n <= ABOVE_BYTES && fold_words(s) <= 20 && one_of(s, above, ANYWHERE);
}

/* Such lines are short, or stand at the beginning or the end of a paragraph. */
static bool stands_out(const struct lines *l, size_t i, const struct folded *f)
{
	return fold_words(fold_str(f)) <= 8 || i == 0 || i + 1 == l->n || l->at[i - 1].kind != LINE_TEXT ||
	       l->at[i + 1].kind != LINE_TEXT;
}

void lines_signs(struct lines *l)
{
	struct folded f;

	for (size_t i = 0; i < l->n; i++) {
		struct line *line = l->at + i;
		if (line->kind != LINE_TEXT || line->code || line->s.n > SIGN_BYTES)
			continue;
		fold_line(&f, line->s);
		if (f.over || !stands_out(l, i, &f))
			continue;
		if ((i == 0 || l->at[i - 1].kind != LINE_TEXT || strchr("-#=*_", f.p[0])) && sign_above(&f))
			line->kind = LINE_DELIMITER;
		else if (sign_device(&f))
			line->kind = LINE_GONE;
	}
}

static bool small_print(const struct lines *l, size_t from, size_t to)
{
	struct folded f = {0};
	struct str s;

	for (size_t i = from; i < to && !f.over; i++)
		fold_add(&f, l->at[i].s);
	s = fold_str(&f);
	fold_trim(&s);
	return s.n >= PRINT_BYTES && one_of(s, print_begins, BEGINS) && one_of(s, print_words, ANYWHERE);
}

size_t sign_small_print(const struct lines *l, size_t from, size_t to)
{
	size_t found = to, end = to;

	for (int n = 0; n < PARAGRAPHS && end > from; n++) {
		size_t begin;
		while (end > from && l->at[end - 1].kind != LINE_TEXT)
			end--;
		begin = end;
		while (begin > from && l->at[begin - 1].kind == LINE_TEXT && !l->at[begin - 1].code)
			begin--;
		if (begin == end || begin == from)
			break;
		if (small_print(l, begin, end))
			found = begin;
		end = begin;
	}
	return found;
}
