package helpscout

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/provision"
)

// TestFitNames: both names are required, and a person is not kept out for the
// lack of one.
func TestFitNames(t *testing.T) {
	d := newFake(t).connect()
	for _, tt := range []struct {
		name                          string
		given, family, display, email string
		want                          [2]string
	}{
		{"both are there", "Ada", "Byron", "Countess", "x@example.test", [2]string{"Ada", "Byron"}},
		{"a display name alone", "", "", "Augusta Ada King", "x@example.test", [2]string{"Augusta Ada", "King"}},
		{"the family name is in the display name", "Ada Mary", "", "ada mary Byron King", "x@example.test", [2]string{"Ada Mary", "Byron King"}},
		{"the given name is in the display name", "", "King", "Augusta Ada King", "x@example.test", [2]string{"Augusta Ada", "King"}},
		{"both are in the e-mail address", "", "", "", "ada.byron@example.test", [2]string{"Ada", "Byron"}},
		{"the family name is in the e-mail address", "Ada", "", "Ada", "ada_byron+desk@example.test", [2]string{"Ada", "Byron"}},
		{"an address of somebody's function tells nothing", "Ada", "", "", "service.desk@example.test", [2]string{"Ada", "-"}},
		{"one name is all there is", "Madonna", "", "Madonna", "madonna@example.test", [2]string{"Madonna", "-"}},
		{"a family name is all there is", "", "Sukarno", "", "sukarno@example.test", [2]string{"-", "Sukarno"}},
		{"one word of a display name", "", "", "山田", "yamada@example.test", [2]string{"山田", "-"}},
		{"an address alone", "", "", "", "ada@example.test", [2]string{"Ada", "-"}},
		{"nothing at all", "", "", "", "@example.test", [2]string{"-", "-"}},
		{"space and what nobody sees", " \t", "\u200b", " Ada \u0000 Byron\r\n", "x@example.test", [2]string{"Ada", "Byron"}},
		{"characters are counted, not bytes", strings.Repeat("ä", 41), strings.Repeat("語", 41), "", "x@example.test",
			[2]string{strings.Repeat("ä", 40), strings.Repeat("語", 40)}},
		{"no space is left at the cut", strings.Repeat("a", 39) + " b", "Byron", "", "x@example.test", [2]string{strings.Repeat("a", 39), "Byron"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := d.Fit(provision.DeskUser{GivenName: tt.given, FamilyName: tt.family, DisplayName: tt.display, Email: tt.email})
			if diff := cmp.Diff(tt.want, [2]string{got.GivenName, got.FamilyName}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got.DisplayName != got.GivenName+" "+got.FamilyName {
				t.Errorf("display name is %q", got.DisplayName)
			}
		})
	}
}

func TestFitDetails(t *testing.T) {
	want := provision.DeskUser{GivenName: "Ada", FamilyName: "Byron", Title: strings.Repeat("é", 51), Phone: "+44\n20", Timezone: "Europe/London"}
	got := newFake(t).connect().Fit(want)
	if got.Title != strings.Repeat("é", 50) || got.Phone != "+44 20" || got.Timezone != "Europe/London" || got.Role != provision.RoleNone {
		t.Errorf("Fit = %+v", got)
	}
	want.Timezone = "Middle Earth"
	if got := newFake(t).connect().Fit(want); got.Timezone != "" {
		t.Errorf("a time zone that is none stays: %q", got.Timezone)
	}
	got = newFake(t).connect("details", "false", "missing_name", "(none)").Fit(provision.DeskUser{GivenName: "Ada", Title: "Countess", Phone: "1", Timezone: "Europe/London"})
	if got.Title+got.Phone+got.Timezone != "" || got.FamilyName != "(none)" {
		t.Errorf("Fit = %+v", got)
	}
}

// FuzzFit checks that what was fitted has both names, within the limits, and
// is not changed by fitting it again: else every run would ask an
// administrator to change it.
func FuzzFit(f *testing.F) {
	f.Add("Ada", "Byron", "Ada Byron", "ada@example.test", "Countess")
	f.Add("", "", "  \u200b ", "++@", "\xff\x00")
	f.Add("Ada", "", "ADA\u00a0 Byron", "ada.byron+x@example.test", strings.Repeat("ß", 60))
	d := &helpScout{settings: settings{details: true, missingName: defaultMissingName}}
	f.Fuzz(func(t *testing.T, given, family, display, email, title string) {
		got := d.Fit(provision.DeskUser{GivenName: given, FamilyName: family, DisplayName: display, Email: email, Title: title})
		for _, name := range []string{got.GivenName, got.FamilyName} {
			if strings.TrimSpace(name) == "" || utf8.RuneCountInString(name) > maxNameRunes || !utf8.ValidString(name) {
				t.Errorf("a name is %q", name)
			}
		}
		if utf8.RuneCountInString(got.Title) > maxTitleRunes {
			t.Errorf("title is %q", got.Title)
		}
		if diff := cmp.Diff(got, d.Fit(got)); diff != "" {
			t.Errorf("fitted twice:\n%s", diff)
		}
	})
}
