package store_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

func path(dotted string) provision.Path { return strings.Split(dotted, ".") }

func str(at string, op provision.Op, value string) provision.Compare {
	return provision.Compare{Path: path(at), Op: op, Type: provision.TypeString, Value: value}
}

func exact(c provision.Compare) provision.Compare {
	c.CaseExact = true
	return c
}

func number(at string, op provision.Op, value any) provision.Compare {
	return provision.Compare{Path: path(at), Op: op, Type: provision.TypeDecimal, Value: value}
}

func boolean(at string, value bool) provision.Compare {
	return provision.Compare{Path: path(at), Op: provision.OpEqual, Type: provision.TypeBoolean, Value: value}
}

func moment1(at string, op provision.Op, value time.Time) provision.Compare {
	return provision.Compare{Path: path(at), Op: op, Type: provision.TypeDateTime, Value: value}
}

func pr(at string) provision.Compare {
	return provision.Compare{Path: path(at), Op: provision.OpPresent, Type: provision.TypeComplex}
}

func null(at string, op provision.Op) provision.Compare {
	return provision.Compare{Path: path(at), Op: op, Type: provision.TypeString}
}

func element(at string, where provision.Expr) provision.Element {
	return provision.Element{Path: path(at), Where: where}
}

func and(l, r provision.Expr) provision.Expr { return provision.And{Left: l, Right: r} }
func or(l, r provision.Expr) provision.Expr  { return provision.Or{Left: l, Right: r} }
func not(e provision.Expr) provision.Expr    { return provision.Not{Expr: e} }

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

func ext(keys ...string) provision.Path { return append(provision.Path{enterprise}, keys...) }

// queried is the company that the filters below are asked of.
func queried(t *testing.T, s *store.Store) (provision.ConnectionID, map[string]provision.GroupID) {
	t.Helper()
	ctx := t.Context()
	c, _ := seeded(t, s)
	add := func(userName, externalID string, status provision.Status, doc string, after time.Duration, emails ...provision.Email) provision.Identity {
		id := provision.Identity{
			ID: provision.NewID[provision.IdentityID](), Connection: c.ID, UserName: userName, ExternalID: externalID, Status: status,
			Emails: emails, Document: json.RawMessage(doc), CreatedAt: noon, UpdatedAt: noon.Add(after),
		}
		must(t, s.InsertIdentity(ctx, id))
		return id
	}
	ann := add("Ann", "E1", provision.StatusActive, `{"displayName":"Ann Lee","nickName":"100%_\"'\\","title":"Élan","weight":1.50,"birth":"2000-01-01T01:00:00+01:00",
		"name":{"familyName":"Lee","givenName":"Ann"},"roles":[{"value":"agent","primary":true},{"value":"lead"}],"tags":["a","B"],
		"`+enterprise+`":{"department":"Support","manager":{"value":"m1"},"codes":[{"value":"x","kind":"y"}]}}`, 0,
		provision.Email{Value: "ann@work.test", Type: "work", Primary: true}, provision.Email{Value: "ANN@home.test", Type: "home"})
	bob := add("bob", "e1", provision.StatusActive, `{"displayName":"bob","nickName":"","weight":2,"vip":true,
		"name":{"familyName":"Ämter"},"roles":[],"tags":[],"`+enterprise+`":{"department":"support"}}`, time.Second,
		provision.Email{Value: "bob@home.test", Type: "home"})
	add("carl", "", provision.StatusSuspended, `{"title":null,"vip":false,"weight":"2","name":{},"roles":[{"value":"viewer"},{"value":"boss","primary":true}]}`, 2*time.Second)
	add("jit", "", provision.StatusActive, ``, 3*time.Second, provision.Email{Value: "jit@work.test"})
	add("gone", "E9", provision.StatusRemoved, `{"displayName":"Ann Lee"}`, 0, provision.Email{Value: "ann@work.test", Type: "work"})

	groups := map[string]provision.GroupID{}
	support := insertGroup(t, s, c.ID, "Support", person(ann), person(bob))
	leads := insertGroup(t, s, c.ID, "Leads", person(ann))
	all := insertGroup(t, s, c.ID, "All", nested(support), nested(leads))
	for _, g := range []provision.Group{support, leads, all} {
		groups[g.DisplayName] = g.ID
	}
	other := connection("other")
	must(t, s.SaveConnection(ctx, other))
	must(t, s.InsertIdentity(ctx, identity(other.ID, "ann")))
	return c.ID, groups
}

func TestFiltersOnPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, groups := queried(t, s)
		inGroup := func(name string) provision.Expr {
			return exact(str("groups.value", provision.OpEqual, string(groups[name])))
		}
		for _, tt := range []struct {
			name  string
			where provision.Expr
			want  string // userNames, in order of creation
		}{
			{"no filter: all but the removed", nil, "Ann bob carl jit"},
			{"userName ignores letter case", str("userName", provision.OpEqual, "aNN"), "Ann"},
			{"userName ne", str("userName", provision.OpNotEqual, "ann"), "bob carl jit"},
			{"userName sw", str("userName", provision.OpStartsWith, "AN"), "Ann"},
			{"userName sw nothing", str("userName", provision.OpStartsWith, ""), "Ann bob carl jit"},
			{"userName sw the last character there is", str("userName", provision.OpStartsWith, "\U0010FFFF"), ""},
			{"userName co", str("userName", provision.OpContains, "A"), "Ann carl"},
			{"userName ew", str("userName", provision.OpEndsWith, "B"), "bob"},
			{"userName ew more than there is", str("userName", provision.OpEndsWith, "xbob"), ""},
			{"userName gt", str("userName", provision.OpGreater, "bob"), "carl jit"},
			{"userName by letter case", exact(str("userName", provision.OpEqual, "ann")), ""},
			{"userName with a NUL", str("userName", provision.OpEqual, "ann\x00"), ""},
			{"userName ne with a NUL", str("userName", provision.OpNotEqual, "ann\x00"), "Ann bob carl jit"},
			{"userName gt with a NUL", str("userName", provision.OpGreater, "bob\x00"), "carl jit"},
			{"userName le with a NUL", str("userName", provision.OpLessOrEqual, "bob\x00"), "Ann bob"},
			{"userName sw with a NUL", str("userName", provision.OpStartsWith, "\x00"), ""},
			{"userName that is no UTF-8", str("userName", provision.OpEqual, "ann\xff"), ""},
			{"externalId heeds letter case, asked or not", str("externalId", provision.OpEqual, "e1"), "bob"},
			{"externalId ne: only of those who have one", str("externalId", provision.OpNotEqual, "e1"), "Ann"},
			{"not externalId eq: those without one too", not(str("externalId", provision.OpEqual, "e1")), "Ann carl jit"},
			{"externalId pr", pr("externalId"), "Ann bob"},
			{"externalId eq null", null("externalId", provision.OpEqual), "carl jit"},
			{"externalId ne null", null("externalId", provision.OpNotEqual), "Ann bob"},
			{"externalId eq nothing", str("externalId", provision.OpEqual, ""), ""},
			{"active", boolean("active", true), "Ann bob jit"},
			{"inactive", boolean("active", false), "carl"},
			{"active pr", pr("active"), "Ann bob carl jit"},
			{"displayName", str("displayName", provision.OpEqual, "ANN LEE"), "Ann"},
			{"displayName pr", pr("displayName"), "Ann bob"},
			{"meta.lastModified gt", moment1("meta.lastModified", provision.OpGreater, noon), "bob carl jit"},
			{"meta.lastModified eq in another zone", moment1("meta.lastModified", provision.OpEqual, noon.In(time.FixedZone("", 3600))), "Ann"},
			{"meta.created le", moment1("meta.created", provision.OpLessOrEqual, noon), "Ann bob carl jit"},
			{"emails means emails.value", str("emails", provision.OpEqual, "Ann@HOME.test"), "Ann"},
			{"emails.value", str("emails.value", provision.OpEndsWith, "@work.test"), "Ann jit"},
			{"emails.value ne: one is enough", str("emails.value", provision.OpNotEqual, "ann@work.test"), "Ann bob jit"},
			{"emails.type", str("emails.type", provision.OpEqual, "HOME"), "Ann bob"},
			{"emails pr", pr("emails"), "Ann bob jit"},
			{"emails eq null", null("emails", provision.OpEqual), "carl"},
			{"one e-mail that is both", element("emails", and(str("type", provision.OpEqual, "home"), str("value", provision.OpStartsWith, "ann"))), "Ann"},
			{"no e-mail that is both", element("emails", and(str("type", provision.OpEqual, "work"), str("value", provision.OpEndsWith, "home.test"))), ""},
			{"e-mails of two kinds", and(str("emails.type", provision.OpEqual, "work"), str("emails.value", provision.OpEndsWith, "home.test")), "Ann"},
			{"an e-mail that is not work: absent is not", element("emails", not(str("type", provision.OpEqual, "work"))), "Ann bob jit"},
			{"primary e-mail", element("emails", boolean("primary", true)), "Ann"},
			{"primary is false unless said (RFC 7643 §2.4)", element("emails", boolean("primary", false)), "Ann bob jit"},
			{"through a group in it", inGroup("All"), "Ann bob"},
			{"in a group", inGroup("Support"), "Ann bob"},
			{"in two groups", and(inGroup("Support"), inGroup("Leads")), "Ann"},
			{"in one but not the other", and(inGroup("Support"), not(inGroup("Leads"))), "bob"},
			{"groups.display", str("groups.display", provision.OpEqual, "leads"), "Ann"},
			{"no groups", not(pr("groups")), "carl jit"},

			{"document: sub-attribute", str("name.familyName", provision.OpEqual, "LEE"), "Ann"},
			{"document: folds beyond ASCII", str("name.familyName", provision.OpEqual, "äMTER"), "bob"},
			{"document: by letter case", exact(str("name.familyName", provision.OpEqual, "LEE")), ""},
			{"document: name pr", pr("name"), "Ann bob"},
			{"document: special characters co", str("nickName", provision.OpContains, `%_"'\`), "Ann"},
			{"document: a percent sign is no wildcard", str("nickName", provision.OpContains, `1%_`), ""},
			{"document: empty is not present", pr("nickName"), "Ann"},
			{"document: empty is empty all the same", str("nickName", provision.OpEqual, ""), "bob"},
			{"document: null is absent", null("title", provision.OpEqual), "bob carl jit"},
			{"document: ew in another alphabet", str("title", provision.OpStartsWith, "é"), "Ann"},
			{"document: number", number("weight", provision.OpEqual, 1.5), "Ann"},
			{"document: whole number", number("weight", provision.OpGreaterOrEqual, int64(1)), "Ann bob"},
			{"document: boolean", boolean("vip", true), "bob"},
			{"document: false is not absent", boolean("vip", false), "carl"},
			{"document: boolean pr", pr("vip"), "bob carl"},
			{"document: time in another zone", moment1("birth", provision.OpEqual, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), "Ann"},
			{"document: roles", str("roles.value", provision.OpEqual, "LEAD"), "Ann"},
			{"document: roles pr", pr("roles"), "Ann carl"},
			{"document: the primary role", element("roles", and(boolean("primary", true), str("value", provision.OpEqual, "agent"))), "Ann"},
			{"document: some role that is not agent", element("roles", str("value", provision.OpNotEqual, "agent")), "Ann carl"},
			{"document: list of strings", str("tags", provision.OpEqual, "b"), "Ann"},
			{"document: empty list", pr("tags"), "Ann"},
			{"document: extension", provision.Compare{Path: ext("department"), Op: provision.OpEqual, Type: provision.TypeString, Value: "SUPPORT"}, "Ann bob"},
			{"document: sub-attribute of an extension", provision.Compare{Path: ext("manager", "value"), Op: provision.OpEqual, Type: provision.TypeString, Value: "m1"}, "Ann"},
			{"document: list in an extension", provision.Element{Path: ext("codes"), Where: and(str("value", provision.OpEqual, "x"), str("kind", provision.OpEqual, "y"))}, "Ann"},
			{"document: extension pr", provision.Compare{Path: ext(), Op: provision.OpPresent, Type: provision.TypeComplex}, "Ann bob"},
			{"document: spelling is the schema's", str("NickName", provision.OpContains, "100"), ""},
			{"and, or, not", and(or(str("userName", provision.OpEqual, "ann"), str("userName", provision.OpEqual, "carl")), not(boolean("active", true))), "carl"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				page := got(s.Identities(t.Context(), c, provision.Query{Where: tt.where, Limit: 10}))(t)
				var names []string
				for _, p := range page.Items {
					names = append(names, p.UserName)
				}
				equal(t, "userNames", tt.want, strings.Join(names, " "))
				equal(t, "total", len(names), page.Total)
			})
		}
	})
}

func TestFiltersOnGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, groups := queried(t, s)
		page := got(s.Identities(t.Context(), c, provision.Query{Where: str("userName", provision.OpEqual, "ann"), Limit: 1}))(t)
		ann := string(page.Items[0].ID)
		for _, tt := range []struct {
			name  string
			where provision.Expr
			want  string
		}{
			{"no filter", nil, "Support Leads All"},
			{"displayName ignores letter case", str("displayName", provision.OpEqual, "leads"), "Leads"},
			{"externalId", exact(str("externalId", provision.OpEqual, "ext-All")), "All"},
			{"a person's", exact(str("members.value", provision.OpEqual, ann)), "Support Leads"},
			{"members means members.value", exact(str("members", provision.OpEqual, ann)), "Support Leads"},
			{"as Entra ID asks", and(exact(str("id", provision.OpEqual, string(groups["Leads"]))), exact(str("members", provision.OpEqual, ann))), "Leads"},
			{"an element of members", element("members", exact(str("value", provision.OpEqual, ann))), "Support Leads"},
			{"members.type", str("members.type", provision.OpEqual, "group"), "All"},
			{"members.display of a person", str("members.display", provision.OpEqual, "ANN LEE"), "Support Leads"},
			{"members.display of a group", str("members.display", provision.OpEqual, "leads"), "All"},
			{"members pr", pr("members"), "Support Leads All"},
			{"no members", not(pr("members")), ""},
			{"meta.lastModified", moment1("meta.lastModified", provision.OpGreater, noon.Add(time.Hour)), ""},
			{"document", str("displayName", provision.OpContains, "l"), "Leads All"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				page := got(s.Groups(t.Context(), c, provision.Query{Where: tt.where, Limit: 10}))(t)
				var names []string
				for _, g := range page.Items {
					names = append(names, g.DisplayName)
				}
				equal(t, "displayNames", tt.want, strings.Join(names, " "))
			})
		}
	})
}

func TestSorting(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, _ := queried(t, s)
		for _, tt := range []struct {
			name            string
			by              provision.Path
			rising, falling string
		}{
			{"by default", nil, "Ann bob carl jit", "jit carl bob Ann"},
			{"id", path("id"), "Ann bob carl jit", "jit carl bob Ann"},
			{"userName", path("userName"), "Ann bob carl jit", "jit carl bob Ann"},
			{"meta.lastModified", path("meta.lastModified"), "Ann bob carl jit", "jit carl bob Ann"},
			{"equal ones by id both ways", path("meta.created"), "Ann bob carl jit", "Ann bob carl jit"},
			{"absent ones are the greatest", path("displayName"), "Ann bob carl jit", "carl jit bob Ann"},
			{"beyond ASCII, by character", path("name.familyName"), "Ann bob carl jit", "carl jit bob Ann"},
			{"the primary e-mail, else the first", path("emails"), "Ann bob jit carl", "carl jit bob Ann"},
			{"the primary role, else the first", path("roles"), "Ann carl bob jit", "bob jit carl Ann"},
			{"the value of that role", path("roles.value"), "Ann carl bob jit", "bob jit carl Ann"},
			{"an extension", ext("department"), "Ann bob carl jit", "carl jit Ann bob"},
			{"active", path("active"), "carl Ann bob jit", "Ann bob jit carl"},
			{"nothing that is there", path("x.y"), "Ann bob carl jit", "Ann bob carl jit"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				for descending, want := range map[bool]string{false: tt.rising, true: tt.falling} {
					all := got(s.Identities(t.Context(), c, provision.Query{SortBy: tt.by, Descending: descending, Limit: 10}))(t)
					var names, paged []string
					for i, p := range all.Items {
						names = append(names, p.UserName)
						one := got(s.Identities(t.Context(), c, provision.Query{SortBy: tt.by, Descending: descending, Offset: i, Limit: 1}))(t)
						equal(t, "total of a page", 4, one.Total)
						paged = append(paged, one.Items[0].UserName)
					}
					equal(t, "userNames", want, strings.Join(names, " "))
					equal(t, "page by page", names, paged)
				}
			})
		}
		_, err := s.Identities(t.Context(), c, provision.Query{SortBy: path("emails.primary"), Limit: 1})
		wantCode(t, "sorting by emails.primary", err, provision.Invalid)
	})
}

func TestPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, _ := queried(t, s)
		page := got(s.Identities(t.Context(), c, provision.Query{}))(t)
		equal(t, "limit 0 gives the total alone", provision.Page[provision.Identity]{Total: 4}, page)
		page = got(s.Identities(t.Context(), c, provision.Query{Offset: 99, Limit: 1}))(t)
		equal(t, "beyond the end", provision.Page[provision.Identity]{Total: 4}, page)
		page = got(s.Identities(t.Context(), "nowhere", provision.Query{Limit: 1}))(t)
		equal(t, "of no connection", provision.Page[provision.Identity]{}, page)
	})
}

func TestUnanswerableQueries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		c, _ := queried(t, s)
		for _, tt := range []struct {
			name  string
			where provision.Expr
		}{
			{"members of a person", str("groups.$ref", provision.OpEqual, "x")},
			{"a number for a string", provision.Compare{Path: path("userName"), Op: provision.OpEqual, Type: provision.TypeInteger, Value: int64(1)}},
			{"a string for a boolean", str("active", provision.OpEqual, "true")},
			{"a boolean that is greater", provision.Compare{Path: path("active"), Op: provision.OpGreater, Type: provision.TypeBoolean, Value: true}},
			{"a time that contains", moment1("meta.created", provision.OpContains, noon)},
			{"a number that begins with", number("weight", provision.OpStartsWith, int64(1))},
			{"greater than null", null("userName", provision.OpGreater)},
			{"a complex attribute as a string", provision.Compare{Path: path("name"), Op: provision.OpEqual, Type: provision.TypeComplex, Value: "x"}},
			{"a value of another type than it says", provision.Compare{Path: path("nickName"), Op: provision.OpEqual, Type: provision.TypeString, Value: 1}},
			{"a NUL in an attribute", pr("\x00")},
			{"a quote in an attribute", pr(`a"b`)},
			{"no path", provision.Compare{Op: provision.OpPresent}},
			{"an unknown operator", str("userName", "xx", "x")},
		} {
			t.Run(tt.name, func(t *testing.T) {
				for _, where := range []provision.Expr{tt.where, not(and(tt.where, tt.where))} {
					_, err := s.Identities(t.Context(), c, provision.Query{Where: where, Limit: 1})
					wantCode(t, "Identities", err, provision.Invalid)
				}
			})
		}
		t.Run("an expression of another kind", func(t *testing.T) {
			_, err := s.Identities(t.Context(), c, provision.Query{Where: not(nil)})
			if err == nil {
				t.Error("it was answered")
			}
		})
	})
}

// TestFindingIsByIndex looks at the plans for what identity providers look up,
// among enough people to make an index worth while.
func TestFindingIsByIndex(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		c, _ := seeded(t, s)
		all := people(t, s, c.ID, numbered("p", 3000)...)
		must(t, s.InTx(ctx, func(tx *store.Store) error {
			for i, name := range numbered("g", 1500) {
				insertGroup(t, tx, c.ID, name, person(all[i]), person(all[i+1]))
			}
			return nil
		}))
		if s.Dialect() == "postgres" { // which does it by itself, in time; SQLite never does
			must(t, s.Exec(ctx, `ANALYZE`))
		}
		id := string(all[7].ID)

		check := func(name string, explain func() (string, error), index ...string) {
			t.Run(name, func(t *testing.T) {
				plan := got(explain())(t)
				if !slices.ContainsFunc(index, func(i string) bool { return strings.Contains(plan, i) }) || strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "SCAN identities\n") {
					t.Errorf("does not use %q:\n%s", index, plan)
				}
			})
		}
		user := func(name string, q provision.Query, index ...string) {
			q.Limit = 100
			check(name, func() (string, error) { return s.ExplainIdentities(ctx, c.ID, q) }, index...)
		}
		active := boolean("active", false)
		user("id", provision.Query{Where: exact(str("id", provision.OpEqual, id))}, "identities_pkey", "sqlite_autoindex_identities_1", "identities_list")
		user("userName eq", provision.Query{Where: str("userName", provision.OpEqual, "P00007")}, "identities_user_name")
		user("userName sw", provision.Query{Where: str("userName", provision.OpStartsWith, "P0000")}, "identities_user_name")
		user("externalId eq", provision.Query{Where: exact(str("externalId", provision.OpEqual, "ext-p00007"))}, "identities_external_id")
		user("displayName eq", provision.Query{Where: str("displayName", provision.OpEqual, "display p00007")}, "identities_display_name")
		user("emails.value eq", provision.Query{Where: str("emails.value", provision.OpEqual, "p00007@example.test")}, "identity_emails_value")
		user("one e-mail of a type", provision.Query{Where: element("emails", and(str("type", provision.OpEqual, "work"), str("value", provision.OpEqual, "p00007@example.test")))}, "identity_emails_value")
		user("inactive", provision.Query{Where: active}, "identities_suspended")
		user("groups.value eq", provision.Query{Where: exact(str("groups.value", provision.OpEqual, id))}, "members_member", "members_groups", "members_order")
		user("by id", provision.Query{}, "identities_list", "identities_pkey")
		user("by userName", provision.Query{SortBy: path("userName")}, "identities_user_name")

		t.Run("in every connection", func(t *testing.T) {
			plan := got(s.ExplainPeople(ctx, "p00007"))(t)
			for _, index := range []string{"identities_user_name", "identities_removed_user_name", "identities_external_id", "identities_removed_external_id", "identity_emails_value"} {
				if !strings.Contains(plan, index) {
					t.Errorf("does not use %s:\n%s", index, plan)
				}
			}
			if strings.Contains(plan, "Seq Scan on identities") || strings.Contains(plan, "SCAN p\n") {
				t.Errorf("reads everybody:\n%s", plan)
			}
		})

		group := func(name string, where provision.Expr, index ...string) {
			check(name, func() (string, error) { return s.ExplainGroups(ctx, c.ID, provision.Query{Where: where, Limit: 100}) }, index...)
		}
		group("group displayName eq", str("displayName", provision.OpEqual, "G00007"), "groups_display_name")
		group("group externalId eq", exact(str("externalId", provision.OpEqual, "ext-g00007")), "groups_external_id")
		group("members.value eq", exact(str("members.value", provision.OpEqual, id)), "members_groups")
	})
}
