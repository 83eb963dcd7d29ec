package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// beforeSources is the newest schema on which attributes say where somebody
// comes from.
const beforeSources = 14

const deskURN = "urn:deskbridge:params:scim:schemas:extension:desk:2.0:User"

// TestSourcesAreFoundInOldRows takes people from the old schema to the new one,
// back, and to the new one again.
func TestSourcesAreFoundInOldRows(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		cases := []struct {
			name, attributes, document string // as the release of before wrote them
			want                       provision.Identity
		}{
			{"pushed", `{"department":["Support"]}`, `{"userName":"pushed"}`,
				provision.Identity{Source: provision.SourceSCIM, Attributes: provision.Attributes{"department": {"Support"}}}},
			{"pushed without attributes", `null`, `{"userName":"x"}`, provision.Identity{Source: provision.SourceSCIM}},
			{"signed in", `{"department":["Support"],"jit":["true"],"signin.groups":["Agents","Ünïts \"q\""]}`, ``,
				provision.Identity{Source: provision.SourceSignIn, Attributes: provision.Attributes{"department": {"Support"}}, ClaimedGroups: []string{"Agents", `Ünïts "q"`}}},
			{"signed in without groups", `{"jit":["true"]}`, ``, provision.Identity{Source: provision.SourceSignIn}},
			{"without a document, and never signed in", `{"roles":["agent"]}`, ``,
				provision.Identity{Source: provision.SourceSCIM, Attributes: provision.Attributes{"roles": {"agent"}}}},
			{"pushed with jit", `{"jit":["true"],"signin.groups":["Admins"]}`, `{"jit":true,"userName":"x"}`,
				provision.Identity{Source: provision.SourceSCIM, Attributes: provision.Attributes{"jit": {"true"}, "signin.groups": {"Admins"}}}},
			{"asks by the desk extension", `{"desk.role":["agent"],"desk.teams":["T1","T2"],"title":["Lead"]}`,
				`{"` + deskURN + `":{"role":"agent","teams":["T1","T2"]},"userName":"x"}`,
				provision.Identity{Source: provision.SourceSCIM, Attributes: provision.Attributes{"title": {"Lead"}},
					Requested: provision.Requested{Roles: []string{"agent"}, Teams: []string{"T1", "T2"}}}},
			{"asks by another extension", `{"desk.role":["admin"],"desk.mailboxes":["Help"]}`,
				`{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"desk.role":"admin"},"` + deskURN + `":{"mailboxes":["Help",7],"teams":"T"},"desk.role":"admin","userName":"x"}`,
				provision.Identity{Source: provision.SourceSCIM, Requested: provision.Requested{Teams: []string{"T"}, Mailboxes: []string{"Help"}}}},
			{"an extension that is none", `{}`, `{"` + deskURN + `":"admin","userName":"x"}`, provision.Identity{Source: provision.SourceSCIM}},
		}
		must(t, store.MigrateTo(ctx, s, beforeSources))
		for _, tt := range cases {
			must(t, s.Exec(ctx, `INSERT INTO identities (id, connection_id, user_name, user_name_folded, external_id, display_name, display_name_folded,
				status, profile, emails, attributes, document, version, created_at, updated_at)
				VALUES (?, ?, ?, ?, '', '', '', 'active', '{}', '[]', ?, nullif(?, '')`+map[bool]string{true: "::json", false: ""}[s.Dialect() == string(store.Postgres)]+`, 1, 0, 0)`,
				tt.name, string(c.ID), tt.name, tt.name, tt.attributes, tt.document))
		}
		kept := func(when string) {
			t.Helper()
			for _, tt := range cases {
				read := got(s.Identity(ctx, c.ID, provision.IdentityID(tt.name)))(t)
				read = provision.Identity{Source: read.Source, Attributes: read.Attributes, ClaimedGroups: read.ClaimedGroups, Requested: read.Requested}
				if diff := cmp.Diff(tt.want, read, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("%s, %s (-want +got):\n%s", when, tt.name, diff)
				}
			}
		}
		must(t, s.Migrate(ctx))
		kept("after the migration")
		equal(t, "evaluated anew", []provision.IdentityID{"asks by another extension", "asks by the desk extension", "pushed with jit"}, got(s.Dirty(ctx, c.ID, 100))(t))
		must(t, store.MigrateTo(ctx, s, beforeSources))
		must(t, s.Migrate(ctx))
		kept("back and forth")
	})
}
