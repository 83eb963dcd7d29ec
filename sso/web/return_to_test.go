package web

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzLocalPath checks what must hold for any address that somebody wants to be
// sent back to: it leads to a path of ours, as browsers read it.
func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/tickets/7?q=a", "https://evil.test", "//evil.test", `/\evil.test`, "/\t/evil.test", "/%09/evil.test", "/..//evil.test",
		"/%5Cevil.test", "/%2F/evil.test", "javascript:alert(1)", "http://user@evil.test", ""} {
		f.Add(seed)
	}
	ours, err := url.Parse("https://help.example.test/sso/login")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, to string) {
		got := LocalPath(to)
		if got != to && got != Home {
			t.Fatalf("LocalPath(%q) = %q, which is neither that nor home", to, got)
		}
		if LocalPath(got) != got {
			t.Errorf("LocalPath(%q) does not pass itself", got)
		}
		asBrowsersRead := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(got)
		at, err := ours.Parse(asBrowsersRead)
		if err != nil || at.Scheme != ours.Scheme || at.Host != ours.Host || at.User != nil {
			t.Errorf("LocalPath(%q) = %q leads to %v (%v)", to, got, at, err)
		}
	})
}
