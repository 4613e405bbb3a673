#include <criterion/criterion.h>

#include "timeline/subject.h"

Test(subject, marks_of_answers)
{
	static const struct {
		const char *subject, *rest;
		bool answers;
	} v[] = {{"Re: Your bill", "Your bill", true},
		 {"AW: Re: RE[2]: Your bill", "Your bill", true},
		 {" Antw : x", "x", true},
		 {"回复：发票", "发票", true},
		 {"Fwd: Your bill", "Fwd: Your bill", false},
		 {"Response: yes", "Response: yes", false},
		 {"Re Your bill", "Re Your bill", false},
		 {"Re[x]: y", "Re[x]: y", false},
		 {"Re:", "", true},
		 {"", "", false}};

	for (size_t k = 0; k < sizeof v / sizeof *v; k++) {
		struct str rest;
		cr_expect_eq(subject_answers(str_of(v[k].subject), &rest), v[k].answers, "%s", v[k].subject);
		cr_expect(str_is(rest, v[k].rest), "%s: %.*s", v[k].subject, (int)rest.n, rest.p);
	}
}

Test(subject, the_same_matter)
{
	cr_expect(subject_same(STR("Re: Your  bill of November"), STR("your bill of november")));
	cr_expect_not(subject_same(STR("Your bill of November"), STR("Your bill of Novembe")));
	cr_expect_not(subject_same(STR("Re: Hi"), STR("Hi")), "everybody's subject");
	cr_expect_not(subject_same(STR("Re: "), STR("")), "none at all");
}
