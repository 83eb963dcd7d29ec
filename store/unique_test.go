package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// world is what the unique rules are tried on.
type world struct {
	*store.Store
	acme, other provision.Connection
	desk        provision.Desk
	ann, bob    provision.Identity
	gone        provision.Identity // removed
	group       provision.Group
	token       credential.Token
	account     provision.Account
}

var errRollback = errors.New("rolled back by the test")

// inWorld runs test in a transaction that begins with a world and is rolled
// back.
func inWorld(t *testing.T, s *store.Store, test func(w *world)) {
	t.Helper()
	err := s.InTx(t.Context(), func(tx *store.Store) error {
		test(newWorld(t, tx))
		return errRollback
	})
	if err != errRollback {
		t.Fatal(err)
	}
}

func newWorld(t *testing.T, s *store.Store) *world {
	w := &world{Store: s, other: connection("other")}
	w.acme, w.desk = seeded(t, s)
	must(t, s.SaveConnection(t.Context(), w.other))
	for _, p := range people(t, s, w.acme.ID, "ann", "bob", "gone") {
		switch p.UserName {
		case "ann":
			w.ann = p
		case "bob":
			w.bob = p
		case "gone":
			p.Status = provision.StatusRemoved
			must(t, s.SaveIdentity(t.Context(), p))
			w.gone = p
		}
	}
	w.group = insertGroup(t, s, w.acme.ID, "Support")
	w.token = token(w.acme.ID, "ci")
	must(t, s.SaveToken(t.Context(), w.token))
	w.account = account(w.ann, w.desk.ID)
	must(t, s.SaveAccounts(t.Context(), []provision.Account{w.account}))
	return w
}

func (w *world) insert(ctx context.Context, change func(*provision.Identity)) error {
	id := identity(w.acme.ID, "new")
	change(&id)
	return w.InsertIdentity(ctx, id)
}

func (w *world) saveGroup(ctx context.Context, c provision.ConnectionID, change func(*provision.Group)) error {
	g := group(c, "new")
	change(&g)
	return w.InsertGroup(ctx, g)
}

func TestUniqueRules(t *testing.T) {
	type test struct {
		name  string
		field string // "": allowed
		write func(ctx context.Context, w *world) error
	}
	tests := []test{
		{"userName ignores letter case", "userName", func(ctx context.Context, w *world) error {
			return w.insert(ctx, func(id *provision.Identity) { id.UserName = "ANN" })
		}},
		{"userName of somebody else, on update", "userName", func(ctx context.Context, w *world) error {
			w.bob.UserName = "Ann"
			return w.SaveIdentity(ctx, w.bob)
		}},
		{"userName of a removed person is free", "", func(ctx context.Context, w *world) error {
			return w.insert(ctx, func(id *provision.Identity) { id.UserName = "gone" })
		}},
		{"userName in another connection is free", "", func(ctx context.Context, w *world) error {
			return w.insert(ctx, func(id *provision.Identity) { id.Connection, id.UserName = w.other.ID, "ann" })
		}},
		{"userName of a suspended person is taken", "userName", func(ctx context.Context, w *world) error {
			w.ann.Status = provision.StatusSuspended
			if err := w.SaveIdentity(ctx, w.ann); err != nil {
				return err
			}
			return w.insert(ctx, func(id *provision.Identity) { id.UserName = "ann" })
		}},
		{"a removed person cannot come back onto a taken userName", "userName", func(ctx context.Context, w *world) error {
			w.gone.UserName, w.gone.Status = "ann", provision.StatusActive
			return w.SaveIdentity(ctx, w.gone)
		}},
		{"externalId of another", "", func(ctx context.Context, w *world) error {
			return w.insert(ctx, func(id *provision.Identity) { id.ExternalID = "ext-ann" })
		}},
		{"userName in another Unicode form", "userName", func(ctx context.Context, w *world) error {
			w.ann.UserName = "ÅNN"
			if err := w.SaveIdentity(ctx, w.ann); err != nil {
				return err
			}
			return w.insert(ctx, func(id *provision.Identity) { id.UserName = "a\u030a\uff4en" })
		}},
		{"externalId of a removed person is free", "", func(ctx context.Context, w *world) error {
			return w.insert(ctx, func(id *provision.Identity) { id.ExternalID = "ext-gone" })
		}},
		{"no externalId, twice", "", func(ctx context.Context, w *world) error {
			if err := w.insert(ctx, func(id *provision.Identity) { id.ExternalID = "" }); err != nil {
				return err
			}
			return w.insert(ctx, func(id *provision.Identity) { id.UserName, id.ExternalID = "two", "" })
		}},
		{"identity id", "id", func(ctx context.Context, w *world) error {
			return w.insert(ctx, func(id *provision.Identity) { id.ID = w.ann.ID })
		}},
		{"displayName of a group ignores letter case", "displayName", func(ctx context.Context, w *world) error {
			return w.saveGroup(ctx, w.acme.ID, func(g *provision.Group) { g.DisplayName = "sUPPORT" })
		}},
		{"displayName of a group in another Unicode form", "displayName", func(ctx context.Context, w *world) error {
			if err := w.saveGroup(ctx, w.acme.ID, func(g *provision.Group) { g.DisplayName = "Équipe" }); err != nil {
				return err
			}
			return w.saveGroup(ctx, w.acme.ID, func(g *provision.Group) { g.DisplayName, g.ExternalID = "e\u0301QUIPE", "" })
		}},
		{"displayName in another connection is free", "", func(ctx context.Context, w *world) error {
			return w.saveGroup(ctx, w.other.ID, func(g *provision.Group) { g.DisplayName = "Support" })
		}},
		{"displayName of a deleted group is free", "", func(ctx context.Context, w *world) error {
			if err := w.DeleteGroup(ctx, w.acme.ID, w.group.ID, noon); err != nil {
				return err
			}
			return w.saveGroup(ctx, w.acme.ID, func(g *provision.Group) { g.DisplayName = "Support" })
		}},
		{"externalId of another group", "", func(ctx context.Context, w *world) error {
			return w.saveGroup(ctx, w.acme.ID, func(g *provision.Group) { g.ExternalID = "ext-Support" })
		}},
		{"no externalId for groups, twice", "", func(ctx context.Context, w *world) error {
			if err := w.saveGroup(ctx, w.acme.ID, func(g *provision.Group) { g.ExternalID = "" }); err != nil {
				return err
			}
			return w.saveGroup(ctx, w.acme.ID, func(g *provision.Group) { g.DisplayName, g.ExternalID = "two", "" })
		}},
		{"connection name", "name", func(ctx context.Context, w *world) error {
			return w.SaveConnection(ctx, connection("acme"))
		}},
		{"desk name", "name", func(ctx context.Context, w *world) error {
			return w.SaveDesk(ctx, desk("support"))
		}},
		{"token name", "name", func(ctx context.Context, w *world) error {
			tok := token(w.acme.ID, "ci")
			tok.Hash = []byte("another")
			return w.SaveToken(ctx, tok)
		}},
		{"name of a revoked token is free", "", func(ctx context.Context, w *world) error {
			w.token.RevokedAt = &noon
			if err := w.SaveToken(ctx, w.token); err != nil {
				return err
			}
			tok := token(w.acme.ID, "ci")
			tok.Hash = []byte("another")
			return w.SaveToken(ctx, tok)
		}},
		{"name of a replaced token is free", "", func(ctx context.Context, w *world) error {
			w.token.ReplacedAt = &noon
			if err := w.SaveToken(ctx, w.token); err != nil {
				return err
			}
			tok := token(w.acme.ID, "ci")
			tok.Hash = []byte("new")
			return w.SaveToken(ctx, tok)
		}},
		{"token hash", "token", func(ctx context.Context, w *world) error {
			tok := token(w.other.ID, "elsewhere")
			tok.Hash = w.token.Hash
			return w.SaveToken(ctx, tok)
		}},
		{"one account a person and desk", "identity", func(ctx context.Context, w *world) error {
			a := account(w.ann, w.desk.ID)
			a.DeskUser = "another"
			return w.SaveAccounts(ctx, []provision.Account{a})
		}},
		{"one account a desk user", "deskUser", func(ctx context.Context, w *world) error {
			a := account(w.bob, w.desk.ID)
			a.DeskUser = w.account.DeskUser
			return w.SaveAccounts(ctx, []provision.Account{a})
		}},
		{"no desk user yet, twice", "", func(ctx context.Context, w *world) error {
			w.account.DeskUser = ""
			b := account(w.bob, w.desk.ID)
			b.DeskUser = ""
			return w.SaveAccounts(ctx, []provision.Account{w.account, b})
		}},
		{"moving an account to somebody who has one", "identity", func(ctx context.Context, w *world) error {
			if err := w.SaveAccounts(ctx, []provision.Account{account(w.bob, w.desk.ID)}); err != nil {
				return err
			}
			_, err := w.MoveAccounts(ctx, w.bob.ID, w.ann.ID)
			return err
		}},
	}
	check := func(t *testing.T, w *world, tt test) {
		err := settled(t, w, tt.write)
		if tt.field == "" {
			must(t, err)
			return
		}
		e, ok := asError(err)
		if !ok || e.Code != provision.Conflict || e.Field != tt.field {
			t.Fatalf("got %v, want a conflict on %s", err, tt.field)
		}
		if e.Detail == "" || strings.ContainsAny(e.Detail, "_\"") {
			t.Errorf("detail %q holds SQL or a value, or nothing", e.Detail)
		}
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) { inWorld(t, s, func(w *world) { check(t, w, tt) }) })
		}
	})
}

func TestWritesToWhatIsNotThere(t *testing.T) {
	tests := []struct {
		name  string
		write func(ctx context.Context, w *world) error
	}{
		{"save an identity that is not there", func(ctx context.Context, w *world) error { return w.SaveIdentity(ctx, identity(w.acme.ID, "x")) }},
		{"save an identity of another connection", func(ctx context.Context, w *world) error {
			w.ann.Connection = w.other.ID
			return w.SaveIdentity(ctx, w.ann)
		}},
		{"insert an identity into no connection", func(ctx context.Context, w *world) error { return w.InsertIdentity(ctx, identity("nowhere", "x")) }},
		{"save a group that is not there", func(ctx context.Context, w *world) error { return w.SaveGroup(ctx, group(w.acme.ID, "x")) }},
		{"delete a group of another connection", func(ctx context.Context, w *world) error { return w.DeleteGroup(ctx, w.other.ID, w.group.ID, noon) }},
		{"add members to no group", func(ctx context.Context, w *world) error {
			_, err := w.AddMembers(ctx, w.acme.ID, "nowhere", []provision.Member{person(w.ann)})
			return err
		}},
		{"delete a rule that is not there", func(ctx context.Context, w *world) error { return w.DeleteRule(ctx, "nowhere") }},
		{"save a rule for no desk", func(ctx context.Context, w *world) error { return w.SaveRule(ctx, rule(w.acme.ID, "nowhere")) }},
		{"touch a token that is not there", func(ctx context.Context, w *world) error { return w.TouchToken(ctx, "nowhere", noon) }},
		{"save an account of nobody", func(ctx context.Context, w *world) error {
			return w.SaveAccounts(ctx, []provision.Account{account(identity(w.acme.ID, "x"), w.desk.ID)})
		}},
		{"read an identity of another connection", func(ctx context.Context, w *world) error {
			_, err := w.Identity(ctx, w.other.ID, w.ann.ID)
			return err
		}},
		{"read a removed identity", func(ctx context.Context, w *world) error {
			_, err := w.Identity(ctx, w.acme.ID, w.gone.ID)
			return err
		}},
		{"read an identity by what is no id", func(ctx context.Context, w *world) error {
			_, err := w.Identity(ctx, w.acme.ID, "a\x00\xff")
			return err
		}},
		{"read a group by what is no name", func(ctx context.Context, w *world) error {
			_, err := w.GroupByName(ctx, w.acme.ID, "\x00")
			return err
		}},
		{"read a connection by what is no name", func(ctx context.Context, w *world) error {
			_, err := w.Connection(ctx, "\xff")
			return err
		}},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				inWorld(t, s, func(w *world) {
					wantCode(t, tt.name, settled(t, w, tt.write), provision.NotFound)
				})
			})
		}
	})
}

// settled returns what comes of a write once the database has seen it.
func settled(t *testing.T, w *world, write func(context.Context, *world) error) error {
	t.Helper()
	if err := write(t.Context(), w); err != nil {
		return err
	}
	return store.Settle(t.Context(), w.Store)
}
