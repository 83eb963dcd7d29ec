package store_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestNamesAreFoldedAnew brings a database of before to this release, in which a
// name has more spellings: what is looked up by a name is found by all of them, and
// of two whose names become one both stay.
func TestNamesAreFoldedAnew(t *testing.T) {
	const beforeNames = 26
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		n := 0
		add := func(userName, folded string) provision.Identity { // as the release of before did
			n++
			id := identity(c.ID, "p"+strconv.Itoa(n))
			id.CreatedAt = noon.Add(time.Duration(n) * time.Second)
			id.Emails = []provision.Email{{Value: userName}}
			must(t, s.InsertIdentity(ctx, id))
			id.UserName = userName
			must(t, s.Exec(ctx, `UPDATE identities SET user_name = ?, user_name_folded = ? WHERE id = ?`, userName, folded, string(id.ID)))
			must(t, s.Exec(ctx, `UPDATE identity_emails SET value_folded = ? WHERE identity_id = ?`, folded, string(id.ID)))
			return id
		}
		group := func(name, folded string) provision.Group {
			n++
			g := insertGroup(t, s, c.ID, "g"+strconv.Itoa(n))
			g.DisplayName = name
			must(t, s.Exec(ctx, `UPDATE groups SET display_name = ?, display_name_folded = ? WHERE id = ?`, name, folded, string(g.ID)))
			return g
		}
		alone := add("Anaïs\u0308@x.test", "anaïs\u0308@x.test")
		decomposed := add("ZOE\u0308@x.test", "zoe\u0308@x.test")
		first := add("jürgen@x.test", "jürgen@x.test")
		second := add("ju\u0308rgen@x.test", "ju\u0308rgen@x.test")
		third := add("ju\u0308rgen@\uff58.test", "ju\u0308rgen@\uff58.test")
		dotted := add("İnci@x.test", "inci@x.test")
		older, newer := group("Équipe", "équipe"), group("e\u0301quipe", "e\u0301quipe")
		must(t, store.MigrateTo(ctx, s, beforeNames))
		must(t, s.Migrate(ctx))

		find := func(userName string) []provision.IdentityID {
			return idsOf(got(s.Identities(ctx, c.ID, provision.Query{Where: str("userName", provision.OpEqual, userName), Limit: 9}))(t).Items)
		}
		var log bytes.Buffer
		store.LogTo(s, slog.New(slog.NewTextHandler(&log, nil)))
		must(t, s.Migrate(ctx)) // as every process does
		ids := func(people ...provision.Identity) (out []provision.IdentityID) {
			for _, p := range people {
				out = append(out, p.ID)
			}
			slices.Sort(out)
			return out
		}
		equal(t, "the composed form", ids(decomposed), find("zoë@x.test"))
		equal(t, "by e-mail address", ids(decomposed), idsOf(got(s.Identities(ctx, c.ID, provision.Query{Where: str("emails.value", provision.OpEqual, "Zoë@x.test"), Limit: 9}))(t).Items))
		equal(t, "marks that compose with nothing", ids(alone), find("anai\u0308s\u0308@x.test"))
		equal(t, "a dotted capital I", ids(dotted), find("i\u0307nci@x.test"))
		equal(t, "an i", ids(), find("inci@x.test"))
		equal(t, "of three with one name", ids(first), find("JÜRGEN@x.test"))
		equal(t, "by any name", ids(first, second, third), idsOf(got(s.FindPeople(ctx, "JÜRGEN@x.test"))(t)))
		if log := log.String(); strings.Count(log, "the name is another's") != 3 || !strings.Contains(log, string(second.ID)) || !strings.Contains(log, "group="+string(newer.ID)) || strings.Contains(log, "rgen") {
			t.Errorf("logged:\n%s", log)
		}
		equal(t, "of two groups with one name", older.ID, got(s.GroupByName(ctx, c.ID, "ÉQUIPE"))(t).ID)

		// All can still be changed, and nobody else can have the name. So it is for
		// commands, which migrate nothing.
		store.AsOpened(s)
		must(t, s.CheckSchema(ctx))
		save := func(id provision.Identity, edit func(*provision.Identity)) error {
			if edit != nil {
				edit(&id)
			}
			return s.SaveIdentity(ctx, id)
		}
		for _, id := range []provision.Identity{first, second, third} {
			must(t, save(id, func(id *provision.Identity) { id.Status, id.ExternalID = provision.StatusSuspended, "" }))
		}
		newer.ExternalID = "changed"
		must(t, s.SaveGroup(ctx, newer))
		taken := func(what string, err error) {
			t.Helper()
			wantCode(t, what, err, provision.Conflict)
		}
		another := func() error { return s.InsertIdentity(ctx, identity(c.ID, "Jürgen@x.test")) }
		taken("a fourth", another())
		taken("a rename to it", save(alone, func(id *provision.Identity) { id.UserName = "jürgen@x.test" }))

		// As they go, the next has the name; whoever is renamed is nobody's namesake.
		must(t, save(first, func(id *provision.Identity) { id.Status = provision.StatusRemoved }))
		taken("the name of the second", another())
		must(t, save(third, func(id *provision.Identity) { id.UserName = "other@x.test" }))
		taken("the new name of the third", s.InsertIdentity(ctx, identity(c.ID, "OTHER@x.test")))
		must(t, save(second, func(id *provision.Identity) { id.UserName = "second@x.test" }))
		must(t, another())
		must(t, s.DeleteGroup(ctx, c.ID, older.ID, noon))
		equal(t, "the other group", newer.ID, got(s.GroupByName(ctx, c.ID, "équipe"))(t).ID)
		if err := s.InsertGroup(ctx, provision.Group{ID: "new", Connection: c.ID, DisplayName: "Équipe", CreatedAt: noon, UpdatedAt: noon}); !provision.IsConflict(err) {
			t.Errorf("a group of the name: %v", err)
		}

		// And back.
		must(t, store.MigrateTo(ctx, s, beforeNames))
		must(t, s.Migrate(ctx))
	})
}
