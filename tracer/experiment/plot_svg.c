/* What every picture has: its frame, texts, colours. */
#include <string.h>

#include "tracer/experiment/plot_draw.h"
#include "tracer/experiment/scale.h"
#include "tracer/export/text.h"

const char tr_plot_style[] =
	".plot{font:13px/1.3 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;--ink:#1c2430;--soft:#5a6675;--grid:#e3e8ee;"
	"--paper:#fff;--send:#1f6fb2;--wait:#b9d4ea;--req:#6d5aa8;--bad:#c0362c}"
	".plot text{fill:var(--ink)}.plot .soft{fill:var(--soft)}.plot .head{font-size:16px;font-weight:600}"
	".plot .grid{stroke:var(--grid)}.plot .axis{stroke:var(--soft)}.plot .ctl{stroke:var(--soft);stroke-dasharray:5 4}"
	".plot .line{fill:none;stroke-width:2.25;stroke:var(--c);stroke-linejoin:round}"
	".plot .bar{stroke:var(--c);stroke-width:1.5}.plot .dot{fill:var(--c);stroke:var(--paper);stroke-width:1}"
	".plot .tag{fill:var(--c);font-weight:600}"
	".plot .send{fill:var(--send)}.plot .wait{fill:var(--wait)}.plot .req{fill:var(--req)}"
	".plot .bad{stroke:var(--bad);stroke-width:2}.plot .num{fill:#fff;font-size:11px}.plot .numw{fill:#17324a;font-size:11px}"
	".plot .cross{fill:none;stroke:var(--c);stroke-width:2}"
	".plot .ret{stroke:var(--ink);stroke-width:1.5}.plot .ring{fill:none;stroke:var(--ink);stroke-width:2.5}"
	".s0{--c:#0b62a8}.s1{--c:#c4510a}.s2{--c:#0a7f5c}.s3{--c:#a8447f}.s4{--c:#8a6100}.s5{--c:#2a7f9e}.s6{--c:#6a4fb3}.s7{--c:#4d5866}"
	".plot .h0{fill:#eef4fb}.plot .h1{fill:#dbe8f5}.plot .h2{fill:#c2d9ee}.plot .h3{fill:#a1c5e4}.plot .h4{fill:#79aad6}"
	".plot .h5{fill:#3d77b1}.plot .h6{fill:#2b669f}.plot .h7{fill:#18508a}.plot .h8{fill:#0b3c6f}"
	".plot .t0,.plot .t1,.plot .t2,.plot .t3,.plot .t4{fill:#14263a}.plot .t5,.plot .t6,.plot .t7,.plot .t8{fill:#fff}"
	"@media screen and (prefers-color-scheme:dark){"
	".plot{--ink:#e6ebf2;--soft:#a3afbf;--grid:#2b3442;--paper:#12171f;--send:#4f9fe0;--wait:#26425c;--req:#a592e0;--bad:#ff7b6e}"
	".plot .num{fill:#06121e}.plot .numw{fill:#dbe9f7}"
	".s0{--c:#6cb6ff}.s1{--c:#ff9a57}.s2{--c:#41cf9c}.s3{--c:#ee93c6}.s4{--c:#e5b94e}.s5{--c:#7fd0ea}.s6{--c:#b9a2ff}.s7{--c:#b3bdc9}"
	".plot .h0{fill:#16263a}.plot .h1{fill:#193350}.plot .h2{fill:#1c4168}.plot .h3{fill:#205184}.plot .h4{fill:#2764a2}"
	".plot .h5{fill:#4a86c5}.plot .h6{fill:#6fa5dc}.plot .h7{fill:#98c3ee}.plot .h8{fill:#c6e0fb}"
	".plot .t0,.plot .t1,.plot .t2,.plot .t3,.plot .t4{fill:#f0f5fb}.plot .t5,.plot .t6,.plot .t7,.plot .t8{fill:#0a1826}}";

void tr_put_text(FILE *out, const char *text)
{
	char clean[1024];

	xf_text_sanitise(clean, sizeof(clean), text, strlen(text));
	tr_put_xml(out, clean);
}

void tr_plot_begin(FILE *out, const struct tr_report *r, const struct tr_plot *p, double height, bool alone)
{
	char text[1200];

	fprintf(out, "<svg %sclass=\"plot\" viewBox=\"0 0 %d %.0f\" role=\"img\" aria-labelledby=\"%s-t %s-d\">\n",
		alone ? "xmlns=\"http://www.w3.org/2000/svg\" " : "", TR_SVG_WIDTH, height, p->name, p->name);
	fprintf(out, "<title id=\"%s-t\">", p->name);
	tr_put_text(out, tr_plot_title(r, p, text, sizeof(text)));
	fprintf(out, "</title>\n<desc id=\"%s-d\">", p->name);
	tr_put_text(out, tr_plot_sentence(r, p, text, sizeof(text)));
	fputs("</desc>\n", out);
	if (alone)
		fprintf(out, "<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" style=\"fill:var(--paper)\"/>\n", tr_plot_style);
}

void tr_plot_text(FILE *out, double x, double y, const char *anchor, const char *class, const char *text)
{
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\">", x, y, anchor, class);
	tr_put_text(out, text);
	fputs("</text>\n", out);
}

/* Cuts a text to about `most` columns, at a character's boundary. */
/* How wide a character is, about, in tenths of a column; what continues a character adds nothing. */
static unsigned width_of(unsigned char c)
{
	if ((c & 0xc0) == 0x80)
		return 0;
	if (c >= 0xe0 || strchr("WM@%mw", c))
		return 16;
	return c >= 'A' && c <= 'Z' ? 13 : 10;
}

static unsigned width(const char *text)
{
	unsigned all = 0;

	while (*text)
		all += width_of((unsigned char)*text++);
	return all;
}

const char *tr_plot_shorten(const char *text, size_t most, char *buf, size_t cap)
{
	size_t len = strlen(text);

	if (width(text) > 10 * most)
		for (unsigned all = len = 0; text[len] && all + width_of((unsigned char)text[len]) <= 10 * most; len++)
			all += width_of((unsigned char)text[len]);
	snprintf(buf, cap, "%.*s%s", (int)len, text, text[len] ? "…" : "");
	return buf;
}

const char *tr_plot_shorten_head(const char *text, size_t most, char *buf, size_t cap)
{
	const char *from = text;

	while (width(from) > 10 * most)
		do
			from++;
		while (((unsigned char)*from & 0xc0) == 0x80);
	snprintf(buf, cap, "%s%s", from > text ? "…" : "", from);
	return buf;
}

void tr_plot_across(FILE *out, const struct tr_axis *axis, double left, double right, double y)
{
	double band = (right - left) / axis->nr_values;
	unsigned each = band < 40 ? (unsigned)(40 / band) + 1 : 1;
	size_t most = (size_t)(each * band / 8.5);
	char text[400];

	for (unsigned i = 0; i < axis->nr_values; i += each)
		tr_plot_text(out, tr_scale_band(left, right, i, axis->nr_values), y, "middle", "",
			     tr_plot_shorten(axis->values[i], most < 14 ? most : 14, text, sizeof(text)));
	tr_plot_text(out, (left + right) / 2, y + 22, "middle", "soft", tr_plot_shorten(axis->name, 60, text, sizeof(text)));
}

void tr_plot_head(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	char title[600], cut[400];

	tr_plot_text(out, 16, 26, "start", "head", tr_plot_shorten(tr_plot_title(r, p, title, sizeof(title)), 70, cut, sizeof(cut)));
}
