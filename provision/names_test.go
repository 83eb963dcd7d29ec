package provision_test

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/deskbridge/deskbridge/provision"
)

// TestFold checks which names are one. What a sign-in takes for one is less, and
// what grants by a group's name lies between.
func TestFold(t *testing.T) {
	for _, tt := range []struct {
		a, b             string
		fold, name, word bool
	}{
		{"Ada@example.test", "aDA@EXAMPLE.TEST", true, true, true},
		{"j\u00fcrgen", "ju\u0308rgen", true, true, true},
		{"J\u00dcRGEN", "ju\u0308rgen", true, false, true},
		{"ada", "\uff41da", true, false, false},
		{"\u30ac", "\uff76\uff9e", true, false, false},
		{"\u03b1\u03c2", "\u0391\u03a3", true, false, true},
		{"q\u0307\u0323", "q\u0323\u0307", true, true, true},
		{"\u1e9e", "\u00df", true, false, true},
		{"stra\u00dfe", "STRASSE", false, false, false},
		{"inci", "\u0130nci", false, false, false},
		{"i\u0307nci", "\u0130nci", true, false, false},
		{"\u0131", "i", false, false, false},
		{"kay", "\u212aay", true, false, false},
		{"k\u00e4y", "\u212aa\u0308y", true, false, false},
		{"rene", "ren\u00e9", false, false, false},
		{"a b", "a\u3000b", true, false, false},
	} {
		if got := provision.Fold(tt.a) == provision.Fold(tt.b); got != tt.fold {
			t.Errorf("%q and %q are folded alike: %t", tt.a, tt.b, got)
		}
		if got, back := provision.SameName(tt.a, tt.b), provision.SameName(tt.b, tt.a); got != tt.name || back != tt.name {
			t.Errorf("%q and %q are one name: %t, %t", tt.a, tt.b, got, back)
		}
		if got, back := provision.SameWord(tt.a, tt.b), provision.SameWord(tt.b, tt.a); got != tt.word || back != tt.word {
			t.Errorf("%q and %q are one word: %t, %t", tt.a, tt.b, got, back)
		}
	}
}

// TestFoldLaws checks that folding is done once and for all, whatever form a text
// is in, and that nothing is one name that is not folded alike.
func TestFoldLaws(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if once := provision.Fold(string(r)); provision.Fold(once) != once {
			t.Errorf("U+%04X is folded to %q, and then to %q", r, once, provision.Fold(once))
		}
	}
	letter := rapid.OneOf(rapid.SampledFrom([]rune("aZ \u00c9\u0301\u0307\u0323\u0308\u0345\u0130I\u0131\u00df\u1e9e\u03a3\u03c2\u212a\u212b\u2126\uff21\uff76\uff9e\u1f88\u0391\u0313\u1100\u1161\u11a8\uac00")), rapid.Rune())
	rapid.Check(t, func(t *rapid.T) {
		a := string(rapid.SliceOfN(letter, 0, 8).Draw(t, "a"))
		want := provision.Fold(a)
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			if got := provision.Fold(form.String(a)); got != want {
				t.Errorf("%q in another form is folded to %q, not %q", a, got, want)
			}
		}
		if provision.Fold(want) != want || norm.NFC.String(want) != want {
			t.Errorf("%q is folded to %q, which is not the end of it", a, want)
		}
		b := string(rapid.SliceOfN(letter, 0, 3).Draw(t, "b"))
		if provision.SameName(a, b) && provision.Fold(b) != want {
			t.Errorf("%q and %q are one, and folded to %q and %q", a, b, want, provision.Fold(b))
		}
	})
}

func TestFoldAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { provision.Fold("ada.lovelace@example.test") }); n != 0 {
		t.Errorf("%v allocations for a name of ASCII", n)
	}
}

// TestKeepsExternalID: some identity providers give a person one externalId for
// ever, whatever it looks like; at others that is known of UUIDs and of Okta's user
// ids alone, and at Entra ID of UUIDs.
func TestKeepsExternalID(t *testing.T) {
	const objectID = "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"
	any := map[provision.IdP]bool{provision.IdPOkta: true, provision.IdPOneLogin: true, provision.IdPJumpCloud: true, provision.IdPAuthentik: true}
	for _, idp := range provision.IdPs {
		short := any[idp] || idp == provision.IdPGeneric
		for externalID, want := range map[string]bool{"": false, "ada": any[idp], "00unice": any[idp], objectID: true,
			"00u1ero5vtz8XYZa1b2c": idp != provision.IdPEntra, "00u1ero5vtz8XYZ": short, "00u1ero5vtz8XYZa1b2c3": short, "00u1": short, "00u-ada": any[idp],
			"urn:uuid:" + objectID: any[idp], "{" + objectID + "}": any[idp], strings.ReplaceAll(objectID, "-", ""): any[idp]} {
			if got := idp.KeepsExternalID(externalID); got != want {
				t.Errorf("%s keeps %q: %t", idp, externalID, got)
			}
			if got := idp.RecyclesExternalID(externalID); got != (idp == provision.IdPEntra && !want) {
				t.Errorf("%s gives %q to others: %t", idp, externalID, got)
			}
		}
	}
}
