package redmine

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

func person(first string) provision.DeskUser {
	return provision.DeskUser{
		ExternalID: string(provision.NewID[provision.AccountID]()),
		Email:      strings.ToLower(first+"."+rand.Text()[:10]) + "@example.test",
		GivenName:  first,
		FamilyName: "Example",
		Active:     true,
		Role:       provision.RoleAgent,
	}
}

func create(t *testing.T, d *redmine, want provision.DeskUser) provision.DeskUserID {
	t.Helper()
	got, err := d.Create(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return got.ID
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t *testing.T, err error, want desk.Kind, words string) {
	t.Helper()
	if err == nil || desk.KindOf(err) != want || !strings.Contains(err.Error(), words) {
		t.Errorf("error is %v, want %s with %q", err, want, words)
	}
}

// wantFound fails unless Find finds a user; with id "" unless it finds nobody.
func wantFound(t *testing.T, d *redmine, key desk.Key, id provision.DeskUserID) {
	t.Helper()
	got, err := d.Find(t.Context(), key)
	if err != nil || (got == nil) != (id == "") || got != nil && got.ID != id {
		t.Errorf("Find(%+v) = %+v, %v, want user %q", key, got, err, id)
	}
}

func TestFindWithoutCustomField(t *testing.T) {
	d := realRedmine(t).connect("external_id_field", "No such field")
	_, err := d.Find(t.Context(), desk.Key{ExternalID: "0190-somebody"})
	wantKind(t, err, desk.Permanent, "custom field")

	profile, err := d.Check(t.Context())
	must(t, err)
	if len(profile.Problems) != 1 || !strings.Contains(profile.Problems[0], `"No such field"`) {
		t.Errorf("problems are %q, want the custom field", profile.Problems)
	}
	want := person("Idless")
	_, err = d.Create(t.Context(), want)
	wantKind(t, err, desk.Permanent, "custom field")
	wantFound(t, d, desk.Key{Email: want.Email}, "") // without an external id it would be lost to us
}

func TestFindAmbiguous(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	t.Run("addresses that hold each other", func(t *testing.T) {
		short, long := person("Ann"), person("Ann")
		long.Email = "mary" + short.Email
		create(t, d, long)
		wantFound(t, d, desk.Key{Email: short.Email}, "")
		wantFound(t, d, desk.Key{Email: short.Email}, create(t, d, short))
	})
	t.Run("two with the same external id", func(t *testing.T) {
		one, two := person("One"), person("Two")
		two.ExternalID = one.ExternalID
		first, second := create(t, d, one), create(t, d, two)
		_, err := a.connect().Find(t.Context(), desk.Key{ExternalID: one.ExternalID})
		wantKind(t, err, desk.Permanent, string(first)+", "+string(second))
	})
	t.Run("an external id in another letter case is another external id", func(t *testing.T) {
		want := person("Case")
		want.ExternalID = "abc" + want.ExternalID
		create(t, d, want)
		wantFound(t, d, desk.Key{ExternalID: strings.ToUpper(want.ExternalID)}, "")
	})
	t.Run("an external id that was taken away", func(t *testing.T) {
		want := person("Unmarked")
		id := create(t, d, want)
		wantFound(t, d, desk.Key{ExternalID: want.ExternalID}, id)
		a.do("PUT", "/users/"+string(id)+".json", object{"user": object{"custom_fields": []object{{"id": 1, "value": ""}}}}, nil)
		wantFound(t, d, desk.Key{ExternalID: want.ExternalID}, "")
	})
	for name, status := range map[string]int{"somebody locked": statusLocked, "somebody who waits for a yes": statusRegistered} {
		t.Run(name, func(t *testing.T) {
			want := person("Inactive")
			id := create(t, d, want)
			a.do("PUT", "/users/"+string(id)+".json", object{"user": object{"status": status}}, nil)
			for _, key := range []desk.Key{{ID: id}, {Email: want.Email}, {ExternalID: want.ExternalID}} {
				wantFound(t, a.connect(), key, id)
			}
			got, err := d.Find(t.Context(), desk.Key{ID: id})
			if err != nil || got.Active {
				t.Errorf("Find = %+v, %v", got, err)
			}
		})
	}
	t.Run("who is no user", func(t *testing.T) {
		group := a.makeGroup("Group " + rand.Text()[:10])
		for _, id := range []provision.DeskUserID{provision.DeskUserID(group), "current", "1/../1", "2", "0", "99999999999999999"} {
			wantFound(t, d, desk.Key{ID: id}, "") // 2 is Redmine's "Anonymous"
		}
	})
}

func TestLoginFollowsAddress(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	t.Run("when it was the address", func(t *testing.T) {
		id, want := create(t, d, person("Maiden")), person("Married")
		must(t, d.SetProfile(t.Context(), id, want))
		if got := a.user(id); got.Login != want.Email || got.Mail != want.Email {
			t.Errorf("login is %q, e-mail %q, want %q", got.Login, got.Mail, want.Email)
		}
	})
	t.Run("also to one that cannot be a login", func(t *testing.T) {
		id, want := create(t, d, person("Plain")), person("Odd")
		want.Email = "o'hara+" + strings.Repeat("long.", 10) + want.Email
		must(t, d.SetProfile(t.Context(), id, want))
		if got := a.user(id); !strings.HasPrefix(got.Login, "o-hara-long.") || got.Mail != want.Email {
			t.Errorf("login is %q, e-mail %q", got.Login, got.Mail)
		}
		back := person("Back")
		must(t, d.SetProfile(t.Context(), id, back))
		if got := a.user(id); got.Login != back.Email {
			t.Errorf("login is %q, want %q", got.Login, back.Email)
		}
	})
	t.Run("not when it is a name", func(t *testing.T) {
		login := "login-" + rand.Text()[:10]
		id := a.makeUser("By Hand", person("Old").Email, object{"login": login})
		must(t, d.SetProfile(t.Context(), id, person("New")))
		if got := a.user(id).Login; got != login {
			t.Errorf("login is %q, want %q", got, login)
		}
	})
	t.Run("also where the login of such an address is taken", func(t *testing.T) {
		want := person("Odd")
		want.Email = strings.Repeat("long.", 12) + want.Email
		a.makeUser("By Hand", person("Other").Email, object{"login": loginFor(want.Email)})
		_, err := d.Create(t.Context(), want)
		wantKind(t, err, desk.Conflict, "already")
	})
	t.Run("and a taken login changes nothing", func(t *testing.T) {
		was, want := person("Stays"), person("Taken")
		id := create(t, d, was)
		a.makeUser("By Hand", person("Other").Email, object{"login": want.Email})
		wantKind(t, d.SetProfile(t.Context(), id, want), desk.Conflict, "already")
		if got := a.user(id); got.Mail != was.Email || got.Login != was.Email || got.Firstname != "Stays" {
			t.Errorf("the user became %+v", got)
		}
	})
}

var pageToken = regexp.MustCompile(`name="csrf-token" content="([^"]+)"`)

// Redmine knows addresses of a user that its API does not show.
func TestAdditionalAddress(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	main, want := person("Main").Email, person("Second")
	id := a.makeUser("Two Addresses", main, nil)
	b := a.signIn(main)
	token := pageToken.FindStringSubmatch(b.page("/my/account"))
	if token == nil {
		t.Fatal("nobody is signed in")
	}
	form := url.Values{"email_address[address]": {want.Email}, "authenticity_token": {token[1]}}
	resp, err := b.client.PostForm(a.url+"/users/"+string(id)+"/email_addresses", form)
	must(t, err)
	resp.Body.Close()

	wantFound(t, d, desk.Key{Email: want.Email}, "")
	_, err = d.Create(t.Context(), want)
	wantKind(t, err, desk.Conflict, "user "+string(id)+" of Redmine has this e-mail address or login already, as an additional")
}

func TestRefusalKeepsSecrets(t *testing.T) {
	d := realRedmine(t).connect()
	want := person("Wrong")
	want.Email = "two@at@example.test"
	_, err := d.Create(t.Context(), want)
	wantKind(t, err, desk.Permanent, "Email is invalid")
	if strings.Contains(err.Error(), "at@") || strings.Contains(err.Error(), "Example") {
		t.Errorf("the error tells too much: %v", err)
	}
	wantKind(t, d.SetRole(t.Context(), "1", provision.RoleLimited), desk.Permanent, "limited_group")
}

// Locking is enough: it ends the open browser, and turns the key away.
func TestLeaverWithOpenBrowser(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	email := person("Leaver").Email
	id := a.makeUser("Lea Ver", email, nil)
	must(t, d.ChangeMailboxes(t.Context(), id, []string{"Support"}, nil))
	issue := a.converse("support", id, 1)[0]
	key := a.user(id).Key
	open := a.signIn(email)
	if !open.sees(issue) || a.as(key, "GET", "/issues/"+issue+".json", nil, nil) != http.StatusOK {
		t.Fatal("the agent does not see the issue")
	}

	must(t, d.SetActive(t.Context(), id, false))
	if open.sees(issue) {
		t.Error("the leaver still sees the issue in the open browser")
	}
	if a.signIn(email).sees(issue) {
		t.Error("the leaver could sign in again")
	}
	if got := a.as(key, "GET", "/issues/"+issue+".json", nil, nil); got != http.StatusUnauthorized {
		t.Errorf("the leaver's key gets HTTP %d", got)
	}
	must(t, d.SetActive(t.Context(), id, true))
	if open.sees(issue) {
		t.Error("the old session came back")
	}
}

func TestDeleteKeepsHistory(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	email := person("Author").Email
	id := a.makeUser("Au Thor", email, nil)
	must(t, d.ChangeMailboxes(t.Context(), id, []string{"Support"}, nil))
	var made struct{ Issue struct{ ID int } }
	if status := a.as(a.user(id).Key, "POST", "/issues.json", object{"issue": object{"project_id": "support", "subject": "a question", "tracker_id": 3}}, &made); status != http.StatusCreated {
		t.Fatalf("HTTP %d", status)
	}
	must(t, d.Delete(t.Context(), id))
	var left struct {
		Issue struct{ Author struct{ Name string } }
	}
	a.do("GET", "/issues/"+number(int64(made.Issue.ID))+".json", nil, &left)
	if left.Issue.Author.Name != "Anonymous" {
		t.Errorf("the author is %q", left.Issue.Author.Name)
	}
}

func TestAssignTellsWhatIsMissing(t *testing.T) {
	a := realRedmine(t)
	d := a.connect()
	issue := a.converse("billing", "", 1)[0]
	wantKind(t, d.Assign(t.Context(), issue, desk.Assignee{User: create(t, d, person("Outsider"))}), desk.Permanent, "can be assigned to users with this role")
	wantKind(t, d.Assign(t.Context(), issue, desk.Assignee{Team: "Billing Agents"}), desk.CannotDo, "assign_to_teams")
	wantKind(t, d.Assign(t.Context(), issue, desk.Assignee{User: "ada"}), desk.Permanent, "numbers")
	wantKind(t, a.connect("assign_to_teams", "true").Assign(t.Context(), issue, desk.Assignee{Team: "Support Agents"}), desk.Permanent, "groups")
	if got := a.assignee(issue); got != (desk.Assignee{}) {
		t.Errorf("the issue went to %+v", got)
	}
}

func TestKeys(t *testing.T) {
	a := realRedmine(t)
	t.Run("of nobody", func(t *testing.T) {
		a := a
		a.key = strings.Repeat("0", len(a.key))
		_, err := a.connect().Check(t.Context())
		wantKind(t, err, desk.Unauthorized, "API key")
		if strings.Contains(err.Error(), a.key) {
			t.Error("the error holds the key")
		}
	})
	t.Run("of somebody who is no administrator", func(t *testing.T) {
		a := a
		id := a.makeUser("No Admin", person("User").Email, nil)
		a.key = a.user(id).Key
		d := a.connect()
		profile, err := d.Check(t.Context())
		if err != nil || len(profile.Problems) != 1 || !strings.Contains(profile.Problems[0], "no administrator") || profile.Self != id {
			t.Errorf("Check = %+v, %v", profile, err)
		}
		_, err = d.Find(t.Context(), desk.Key{ID: id})
		wantKind(t, err, desk.Permanent, "make it an administrator")
		_, err = d.Find(t.Context(), desk.Key{Email: "ada@example.test"})
		wantKind(t, err, desk.Permanent, "must be an administrator")
	})
}
