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
	site := &Site{PublicURL: "https://help.example.test"}
	for _, rest := range []string{"/tickets/7", ".evil.test/", "@evil.test/", "//evil.test", `/\evil.test`, ":443/x", ":443@evil.test"} {
		f.Add(site.PublicURL + rest)
	}
	f.Fuzz(func(t *testing.T, to string) {
		got := LocalPath(to)
		if got != to && got != Home {
			t.Fatalf("LocalPath(%q) = %q, which is neither that nor home", to, got)
		}
		if LocalPath(got) != got {
			t.Errorf("LocalPath(%q) does not pass itself", got)
		}
		if whole := site.ReturnPath(to); LocalPath(whole) != whole {
			t.Errorf("ReturnPath(%q) = %q, which is no path of ours", to, whole)
		}
		asBrowsersRead := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(got)
		at, err := ours.Parse(asBrowsersRead)
		if err != nil || at.Scheme != ours.Scheme || at.Host != ours.Host || at.User != nil {
			t.Errorf("LocalPath(%q) = %q leads to %v (%v)", to, got, at, err)
		}
	})
}

func TestReturnPath(t *testing.T) {
	for _, tt := range []struct{ public, to, want string }{
		{"https://help.example.test", "/tickets/7", "/tickets/7"},
		{"https://help.example.test", "https://help.example.test/tickets/7?a=b#c", "/tickets/7?a=b#c"},
		{"https://help.example.test", "HTTPS://Help.Example.test/Tickets", "/Tickets"},
		{"https://help.example.test", "https://help.example.test", "/"},
		{"https://help.example.test", "https://help.example.test?a=b", "/?a=b"},
		{"https://help.example.test", "https://help.example.test:443/x", "/x"},
		{"https://help.example.test:443", "https://help.example.test/x", "/x"},
		{"https://help.example.test:8443", "https://help.example.test:8443/x", "/x"},
		{"http://help.example.test", "http://help.example.test:80/x", "/x"},

		{"https://help.example.test", "http://help.example.test/x", Home},
		{"https://help.example.test", "https://help.example.test:8443/x", Home},
		{"https://help.example.test", "https://help.example.test:4430/x", Home},
		{"https://help.example.test", "https://help.example.test.evil.test/", Home},
		{"https://help.example.test", "https://help.example.test@evil.test/", Home},
		{"https://help.example.test", "https://help.example.test:443@evil.test/", Home},
		{"https://help.example.test", "https://help.example.test//evil.test", Home},
		{"https://help.example.test", `https://help.example.test/\evil.test`, Home},
		{"https://help.example.test", "https://help.example.test\t//evil.test", Home},
		{"https://help.example.test", "https://help.example.testhttps://help.example.test/", Home},
		{"https://help.example.test", "//help.example.test/x", Home},
		{"https://help.example.test", "https://evil.test/https://help.example.test/x", Home},
	} {
		if got := (&Site{PublicURL: tt.public}).ReturnPath(tt.to); got != tt.want {
			t.Errorf("at %s: ReturnPath(%q) = %q, want %q", tt.public, tt.to, got, tt.want)
		}
	}
}
