package resource

import (
	"testing"

	"github.com/deskbridge/deskbridge/provision"
)

func TestDecodedTwice(t *testing.T) {
	parse := func(text string) provision.Expr {
		where, err := User.ParseFilter(text, limits)
		if err != nil {
			t.Fatal(err)
		}
		return where
	}
	for text, want := range map[string]string{
		`userName eq "ada%40example.test"`:                "ada@example.test",
		`userName eq "ada@example.test"`:                  "",
		`userName eq "100%"`:                              "",
		`userName eq "a%00"`:                              "",
		`userName sw "ada%40"`:                            "",
		`title eq "ada%40"`:                               "",
		`userName eq "ada%40x" and title eq "y"`:          "",
		`emails[type eq "work" and value eq "ada%40x.y"]`: "",
	} {
		got, ok := DecodedTwice(parse(text))
		if ok != (want != "") {
			t.Errorf("%s: got %v", text, got)
		}
		if ok && got.(provision.Compare).Value != want {
			t.Errorf("%s: got %v", text, got)
		}
	}
}
