package store_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/signin"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// signInQuestions are what sign-ins ask of a few people: ann is known by a login
// in two spellings, gone by another.
func signInQuestions(t *testing.T, s *store.Store, c provision.ConnectionID, people []provision.Identity) []signin.Question {
	t.Helper()
	ctx, now := t.Context(), time.Now().UTC().Truncate(time.Microsecond)
	login := provision.LoginKey{Connection: c, Protocol: provision.ProtocolSAML, Issuer: "idp", Subject: "ann", Identity: people[0].ID, CreatedAt: now, UsedAt: now}
	gone := login
	gone.Subject, gone.Identity = "gone", people[3].ID
	bob := login
	bob.Subject, bob.Identity = "ann's other", people[1].ID
	for _, l := range []provision.LoginKey{login, gone, bob} {
		must(t, s.SaveLogin(ctx, l))
	}
	session := provision.Session{ID: provision.NewID[provision.SessionID](), Hash: []byte("hash"), Identity: people[0].ID, Connection: c, CreatedAt: now, SeenAt: now, EndsAt: now, Hint: "hint"}
	must(t, s.InsertSession(ctx, session))
	for _, key := range []string{"used", "used in steps", "logged out"} {
		got(s.Remember(ctx, key, now))(t)
	}
	ask := signin.Question{Connection: c, Protocol: provision.ProtocolSAML, Issuer: "idp", Subjects: []string{"ann"}}
	with := func(change func(q *signin.Question)) signin.Question {
		q := ask
		change(&q)
		return q
	}
	return []signin.Question{
		ask,
		with(func(q *signin.Question) { q.Subjects = []string{"nobody"} }),
		with(func(q *signin.Question) { q.Subjects = nil }),
		with(func(q *signin.Question) { q.Subjects = []string{"\x00", "Ann", "ann's other", "ann"} }),
		with(func(q *signin.Question) { q.Subjects = []string{"gone"} }),
		with(func(q *signin.Question) { q.Not = people[0].ID }),
		with(func(q *signin.Question) { q.Issuer = "another" }),
		with(func(q *signin.Question) { q.Connection = "none" }),
		with(func(q *signin.Question) { q.Once = []signin.Once{{Key: "new", Until: now}, {Key: "used", Until: now}} }),
		with(func(q *signin.Question) { q.Logouts, q.LogoutAt = []string{"none", "logged out"}, now }),
		with(func(q *signin.Question) { q.Logouts, q.LogoutAt = []string{"logged out"}, now.Add(time.Second) }),
		with(func(q *signin.Question) { q.Replaces = []byte("hash") }),
		with(func(q *signin.Question) { q.Replaces = []byte("no hash") }),
	}
}

// TestOneTripOrMany compares what PostgreSQL answers in one round trip with what
// comes of the single steps.
func TestOneTripOrMany(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, d := seeded(t, s)
		all := people(t, s, c.ID, "ann", "bob", "cid", "gone", "went")
		signedIn := identity(c.ID, "early") // by a sign-in, before SCIM knew them
		signedIn.Document, signedIn.Source, signedIn.Requested = nil, provision.SourceSignIn, provision.Requested{}
		must(t, s.InsertIdentity(ctx, signedIn))
		inner := insertGroup(t, s, c.ID, "inner", person(all[0]), person(all[1]))
		outer := insertGroup(t, s, c.ID, "outer", provision.Member{ID: provision.MemberID(inner.ID), Kind: provision.MemberGroup})
		insertGroup(t, s, c.ID, "around", person(all[0]), provision.Member{ID: provision.MemberID(outer.ID), Kind: provision.MemberGroup})
		insertGroup(t, s, c.ID, "flat", person(all[2]))
		accounts := []provision.Account{account(all[0], d.ID), account(all[2], d.ID)}
		must(t, s.SaveAccounts(ctx, accounts))
		got(s.JournalWrites(ctx, []reconcile.Write{{Account: accounts[0].ID, Kind: reconcile.WriteCreate}, {Account: accounts[0].ID, Kind: reconcile.WriteRole, Detail: map[string]any{"to": "agent"}}}))(t)
		must(t, s.SaveRule(ctx, provision.Rule{ID: provision.NewID[provision.RuleID](), Connection: c.ID, Desk: d.ID, Group: "inner", GroupID: inner.ID, Role: provision.RoleAgent, Teams: []string{"a"}}))
		for i, p := range all[3:] {
			p.Status, p.UpdatedAt = provision.StatusRemoved, p.UpdatedAt.Add(time.Duration(i)*time.Second)
			must(t, s.SaveIdentity(ctx, p))
		}
		equal := func(name string, fast, slow any, err1, err2 error) {
			t.Helper()
			if diff := cmp.Diff(slow, fast, cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(reconcile.Run{})); diff != "" {
				t.Errorf("%s (-steps +one trip):\n%s", name, diff)
			}
			e1, _ := asError(err1)
			e2, _ := asError(err2)
			if (err1 == nil) != (err2 == nil) || err1 != nil && e1.Code != e2.Code {
				t.Errorf("%s: %v in one trip, %v in steps", name, err1, err2)
			}
		}
		questions := signInQuestions(t, s, c.ID, all)
		_ = s.InTx(ctx, func(tx *store.Store) error {
			for _, p := range append(all, signedIn, provision.Identity{ID: "nobody"}) {
				store.ForgetLocks(tx)
				fast, err1 := tx.LoadForUpdate(ctx, c.ID, p.ID)
				slow, err2 := store.LoadForUpdateInSteps(ctx, tx, c.ID, p.ID)
				if err1 != nil {
					fast, slow = directory.ForUpdate{}, directory.ForUpdate{}
				}
				equal("person for update "+p.UserName, fast, slow, err1, err2)
				if wants := err1 == nil && !fast.Identity.SCIMManaged(); (fast.IdP != "") != wants {
					t.Errorf("%s: the identity provider is %q", p.UserName, fast.IdP)
				}
				if err1 == nil {
					brief, edges, err := s.Person(ctx, c.ID, p.ID)
					must(t, err)
					brief.Profile, brief.Emails, brief.Attributes = slow.Identity.Profile, slow.Identity.Emails, slow.Identity.Attributes
					brief.ClaimedGroups, brief.Requested = slow.Identity.ClaimedGroups, slow.Identity.Requested
					equal("person "+p.UserName, directory.ForUpdate{Rules: slow.Rules, IdP: slow.IdP, Identity: brief, Accounts: slow.Accounts, Edges: edges}, slow, nil, nil)
				}
			}
			for _, who := range [][2]string{{"ann", "ext-ann"}, {"new", "ext-ann"}, {"new", "ext-gone"}, {"GONE", ""}, {"gone", "ext-new"}, {"went", "ext-gone"}, {"new", "new"}, {"new", ""}, {"EARLY", ""}} {
				for _, addresses := range [][]string{nil, {"nobody@example.test", "home-early@example.test"}} {
					store.ForgetLocks(tx)
					fast, err1 := tx.ExistingMatches(ctx, c.ID, who[0], who[1], addresses)
					slow, err2 := store.ExistingMatchesInSteps(ctx, tx, c.ID, who[0], who[1], addresses)
					equal("matches of "+who[0]+" "+who[1], fast, slow, err1, err2)
				}
			}
			for i, a := range append(accounts, provision.Account{ID: "nobody's", Connection: c.ID, Desk: d.ID}) {
				store.ForgetLocks(tx)
				fast, rules1, err1 := tx.LoadRun(ctx, a, i%2 == 0)
				slow, rules2, err2 := store.LoadRunInSteps(ctx, tx, a, i%2 == 0)
				if err1 != nil {
					fast, slow, rules1, rules2 = reconcile.Run{}, reconcile.Run{}, nil, nil
				}
				equal("run of "+string(a.ID), fast, slow, err1, err2)
				equal("its rules", rules1, rules2, nil, nil)
			}
			for i, q := range questions {
				store.ForgetLocks(tx)
				fast, err1 := tx.LoadSignIn(ctx, q)
				for n := range q.Once { // the first time is over
					q.Once[n].Key += " in steps"
				}
				slow, err2 := store.LoadSignInInSteps(ctx, tx, q)
				equal("sign-in "+strconv.Itoa(i), fast, slow, err1, err2)
			}
			for _, id := range []provision.GroupID{inner.ID, outer.ID, "none"} {
				store.ForgetLocks(tx)
				_, fast, err1 := tx.LoadGroupForUpdate(ctx, c.ID, id)
				slow, err2 := tx.LockGroup(ctx, c.ID, id)
				equal("group "+string(id), fast, slow, err1, err2)
			}
			for _, ids := range [][]provision.MemberID{nil, {"none"}, {provision.MemberID(all[0].ID), provision.MemberID(inner.ID), provision.MemberID(all[3].ID), "\x00"}} {
				store.ForgetLocks(tx)
				kinds, err2 := tx.MemberKinds(ctx, c.ID, ids)
				added, err1 := tx.LockMembers(ctx, c.ID, ids, nil)
				equal("members to add", added, kinds, err1, err2)
				removed, err1 := tx.LockMembers(ctx, c.ID, nil, ids)
				equal("members to remove", removed, kinds, err1, err2)
			}
			return errRollback
		})
	})
}
