package settings_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// TestPublicSuffixesAreNobodysOwn tries each door through which a connection
// gets a domain.
func TestPublicSuffixesAreNobodysOwn(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		for domain, fine := range map[string]bool{
			"co.uk": false, "CO.UK.": false, "github.io": false, "公司.cn": false, "xn--55qx5d.cn": false, "s3.amazonaws.com": false,
			"acme.co.uk": true, "acme.github.io": true, "食狮.公司.cn": true, "acme.example": true, "mail.acme.test": true, "gmail.com": true,
		} {
			doors := map[string]func() error{
				"domain add": func() error {
					_, err := h.Core.Settings.ClaimDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, domain)
					return err
				},
				"connection add": func() error {
					return h.Core.Settings.CheckConnection(&provision.Connection{Name: "other", IdP: provision.IdPGeneric, Domains: []string{domain}})
				},
				"plan": func() error {
					_, err := h.Core.Plan.Plan(h.Context(), plan.Draft{Connections: []provision.Connection{{Name: "other", IdP: provision.IdPGeneric, Domains: []string{domain}}}})
					return err
				},
			}
			for door, open := range doors {
				err := open()
				e, refused := errors.AsType[*provision.Error](err)
				if refused == fine || refused && e.Code != provision.Invalid {
					h.Errorf("%s %s: %v", door, domain, err)
				}
			}
		}
		none := func(context.Context, string) ([]string, error) { return nil, nil }
		h.Code(h.Core.Settings.VerifyDomain(h.Context(), provisiontest.ByTest, h.Conn.ID, "co.uk", none), provision.NotFound)
	})
}

func TestDomainWarnings(t *testing.T) {
	for domain, free := range map[string]bool{
		"gmail.com": true, "Gmail.com": true, "hotmail.co.uk": true, "yahoo.de": true, "gmx.net": true, "web.de": true, "outlook.com": true,
		"acme.example": false, "gmail.com.acme.example": false, "mail.yahoo-inc.example": false, "hotmail.acme.co.uk": false, "co.uk": false, "": false,
	} {
		if got := len(settings.DomainWarnings([]string{"acme.test", domain})) == 1; got != free {
			t.Errorf("%s: warned of %t, want %t", domain, got, free)
		}
	}
}

// TestPlanWarnsOfFreeMail has a file give such a domain to a connection.
func TestPlanWarnsOfFreeMail(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		p, err := h.Core.Plan.Plan(h.Context(), plan.Draft{Connections: []provision.Connection{{Name: "other", IdP: provision.IdPGeneric, Domains: []string{"acme.example", "gmail.com"}}}})
		h.Must(err)
		if want := settings.DomainWarnings([]string{"gmail.com"}); len(want) != 1 || !slices.Equal(p.Warnings, want) {
			h.Errorf("warnings %q, want %q", p.Warnings, want)
		}
	})
}
