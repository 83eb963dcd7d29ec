package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	fakeToken = "0123456789abcdef"
	extension = "urn:example:params:scim:schemas:extension:desk:2.0:User"
)

type object = scimclient.Object

// decode reads an object with numbers as they are written.
func decode(data []byte) (o object, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	err = dec.Decode(&o)
	return o, err
}

// fake is a service provider as RFC 7643 and RFC 7644 have it, and stricter: what
// others forgive is an error of the test. Its habits are those of service providers
// that are told of.
type fake struct {
	*httptest.Server
	t *testing.T
	habits

	mu     sync.Mutex
	users  []object
	groups []object
	next   int
	asked  []string // "METHOD path" of requests, without /v2
	bodies []string
	trick  func(w http.ResponseWriter, r *http.Request, honest func()) (done bool)
}

// habits are what service providers do otherwise.
type habits struct {
	noPatch       bool   // no PATCH, and says so
	hidesNoPatch  bool   // no PATCH, and says that there is
	filter        string // "": obeyed; "refused", "ignored" for users; "untold": not supported, and says so
	memberFilter  string // "": obeyed; "refused", "ignored", "empty"
	showsGroups   bool   // users show the groups that they are in
	silent        bool   // no discovery
	etags         bool   // If-Match is demanded
	noStartIndex  bool   // each page is the first one
	pageMost      int    // resources on a page; 0: what is asked for
	deletes       bool   // who is deactivated is gone
	forgetsMark   bool   // externalId is not kept
	upserts       bool   // who is made again is answered with
	tellsTooMany  int    // totalResults is higher by so many
	flagsAsText   bool   // active is text
	smallLetters  bool   // names of attributes in other letter case
	noGroups      bool   // no groups at all
	patchAnswers  int    // status of an answer to PATCH; 0: 200 with the resource
	refusesEmails bool   // no filter for emails.value
}

func newFake(t *testing.T, h habits) *fake {
	t.Helper()
	f := &fake{t: t, habits: h}
	f.add("deskbridge@example.test", "Deskbridge", "admin")
	for _, name := range []string{"Support", "Billing"} {
		f.next++
		f.groups = append(f.groups, object{"schemas": []any{scimclient.GroupSchema}, "id": strconv.Itoa(f.next), "displayName": name, "members": []any{}, "meta": object{"version": `W/"1"`}})
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

// add makes a user past SCIM, as an admin does by hand.
func (f *fake) add(email, name, role string) object {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	given, family, _ := strings.Cut(name, " ")
	u := object{"schemas": []any{scimclient.UserSchema, extension}, "id": strconv.Itoa(f.next), "userName": email, "displayName": name, "active": true,
		"name":   map[string]any{"givenName": given, "familyName": family},
		"emails": []any{map[string]any{"value": email, "type": "work", "primary": true}, map[string]any{"value": "home." + email, "type": "home"}},
		"roles":  []any{map[string]any{"value": role, "primary": true}},
		"meta":   map[string]any{"version": `W/"1"`}, extension: map[string]any{"licence": "gold"}}
	f.users = append(f.users, u)
	return u
}

func (f *fake) find(list []object, id string) object {
	for _, o := range list {
		if o.Text("id") == id {
			return o
		}
	}
	return nil
}

// connect returns a connector to a fake, with settings as KEY=VALUE.
func connect(t *testing.T, address string, settings ...string) *provider {
	t.Helper()
	all := map[string]string{"service_account": "deskbridge@example.test", "limited_role": "viewer", "attributes": "display_name, title, phone, timezone"}
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		all[key] = value
	}
	d, err := New(provision.Desk{URL: address, Secret: fakeToken, Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	return d.(*provider)
}

func (f *fake) connect(settings ...string) *provider { return connect(f.t, f.URL+"/v2", settings...) }

// ServeHTTP answers, or plays a trick.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, ok := strings.CutPrefix(r.URL.Path, "/v2")
	if !ok {
		f.t.Errorf("%s %s is no request to SCIM", r.Method, r.URL.Path)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // whoever asked has gone
	}
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+path)
	if len(body) > 0 {
		f.bodies = append(f.bodies, r.Method+" "+path+" "+string(body))
	}
	trick := f.trick
	f.mu.Unlock()
	honest := func() { f.answer(r, path, body).write(w) }
	if trick == nil || !trick(w, r, honest) {
		honest()
	}
}

// reply is an answer; a nil body is none.
type reply struct {
	status int
	etag   string
	body   any
}

func (a reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/scim+json")
	if a.etag != "" {
		w.Header().Set("ETag", a.etag)
	}
	w.WriteHeader(a.status)
	if a.body != nil {
		_ = json.NewEncoder(w).Encode(a.body)
	}
}

func refuse(status int, kind string) reply {
	body := object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, "status": strconv.Itoa(status), "detail": "refused"}
	if kind != "" {
		body["scimType"] = kind
	}
	return reply{status: status, body: body}
}

var queryKeys = []string{"filter", "startIndex", "count", "excludedAttributes"}

func (f *fake) answer(r *http.Request, path string, sent []byte) reply {
	f.mu.Lock()
	defer f.mu.Unlock()
	a := f.route(r, path, sent)
	text, err := json.Marshal(a.body) // as it stands at this moment
	if err != nil {
		f.t.Error(err)
	}
	if a.body != nil {
		a.body = json.RawMessage(text)
	}
	return a
}

func (f *fake) route(r *http.Request, path string, sent []byte) reply {
	if r.Header.Get("Authorization") != "Bearer "+fakeToken {
		return refuse(http.StatusUnauthorized, "")
	}
	if !strings.Contains(r.Header.Get("Accept"), "application/scim+json") {
		f.t.Errorf("%s %s accepts %q", r.Method, path, r.Header.Get("Accept"))
	}
	for key := range r.URL.Query() {
		if !slices.Contains(queryKeys, key) {
			f.t.Errorf("%s %s asks by %s", r.Method, path, key)
		}
	}
	var body object
	if len(sent) > 0 {
		var err error
		if body, err = decode(sent); err != nil || r.Header.Get("Content-Type") != "application/scim+json" || body["schemas"] == nil {
			f.t.Errorf("%s %s sends %.200q as %q", r.Method, path, sent, r.Header.Get("Content-Type"))
		}
	}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	endpoint, id := parts[0], strings.Join(parts[1:], "/")
	switch {
	case endpoint == "ServiceProviderConfig" || endpoint == "ResourceTypes" || endpoint == "Schemas":
		return f.discovery(endpoint)
	case endpoint == "Groups" && f.noGroups || endpoint != "Users" && endpoint != "Groups":
		return refuse(http.StatusNotFound, "")
	case id == "" && r.Method == http.MethodGet:
		return f.list(endpoint, r.URL.Query())
	case path == "/Users" && r.Method == http.MethodPost:
		return f.create(body)
	}
	list := &f.users
	if endpoint == "Groups" {
		list = &f.groups
	}
	o := f.find(*list, id)
	if o == nil {
		return refuse(http.StatusNotFound, "")
	}
	version := o.Sub("meta").Text("version")
	if f.etags && r.Method != http.MethodGet && r.Method != http.MethodDelete && !(endpoint == "Groups" && r.Method == http.MethodPatch) && r.Header.Get("If-Match") != version {
		return refuse(http.StatusPreconditionFailed, "")
	}
	switch r.Method {
	case http.MethodGet:
		return f.show(http.StatusOK, endpoint, o)
	case http.MethodPatch:
		if f.noPatch || f.hidesNoPatch {
			return refuse(http.StatusNotImplemented, "")
		}
		return f.patch(endpoint, o, body)
	case http.MethodPut:
		return f.put(endpoint, o, body)
	case http.MethodDelete:
		if endpoint == "Groups" {
			f.t.Error("a group is deleted")
		}
		f.remove(id)
		return reply{status: http.StatusNoContent}
	}
	f.t.Errorf("there is no %s %s", r.Method, path)
	return refuse(http.StatusMethodNotAllowed, "")
}

func (f *fake) remove(id string) {
	f.users = slices.DeleteFunc(f.users, func(u object) bool { return u.Text("id") == id })
	for _, g := range f.groups {
		g["members"] = slices.DeleteFunc(g["members"].([]any), func(m any) bool { return m.(map[string]any)["value"] == id })
	}
}

func (f *fake) discovery(endpoint string) reply {
	if f.silent {
		return refuse(http.StatusNotFound, "")
	}
	supported := func(is bool) object { return object{"supported": is} }
	switch endpoint {
	case "ServiceProviderConfig":
		return reply{status: http.StatusOK, body: object{"schemas": []any{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
			"patch": supported(!f.noPatch), "filter": object{"supported": f.filter != "untold", "maxResults": 200}, "etag": supported(f.etags)}}
	case "ResourceTypes":
		types := []any{object{"id": "User", "name": "User", "endpoint": "/Users", "schema": scimclient.UserSchema}}
		if !f.noGroups {
			types = append(types, object{"id": "Group", "name": "Group", "endpoint": "/Groups", "schema": scimclient.GroupSchema})
		}
		return listOf(types, len(types))
	}
	named := func(names ...string) (all []any) {
		for _, name := range names {
			all = append(all, object{"name": name})
		}
		return all
	}
	return listOf([]any{
		object{"id": scimclient.UserSchema, "attributes": named("userName", "name", "displayName", "title", "timezone", "phoneNumbers", "active", "emails", "roles", "entitlements", "userType", "groups")},
		object{"id": extension, "attributes": named("licence", "tier")},
		object{"id": scimclient.GroupSchema, "attributes": named("displayName", "members")},
	}, 3)
}

func listOf(all []any, total int) reply {
	return reply{status: http.StatusOK, body: object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": total, "itemsPerPage": len(all), "startIndex": 1, "Resources": all}}
}

// shown is a resource as it is told of.
func (f *fake) shown(endpoint string, o object) object {
	out := object{}
	maps.Copy(out, o)
	if endpoint == "Users" && f.showsGroups {
		var in []any
		for _, g := range f.groups {
			for _, m := range g.Objects("members") {
				if m.Text("value") == o.Text("id") {
					in = append(in, object{"value": g.Text("id"), "display": g.Text("displayName")})
				}
			}
		}
		out["groups"] = in
	}
	if f.flagsAsText && endpoint == "Users" {
		out["active"] = map[bool]string{true: "True", false: "False"}[o["active"] == true]
	}
	if f.smallLetters {
		small := object{}
		for key, value := range out {
			if !strings.HasPrefix(key, "urn:") && key != "id" && key != "schemas" {
				key = strings.ToLower(key)
			}
			small[key] = value
		}
		return small
	}
	return out
}

func (f *fake) show(status int, endpoint string, o object) reply {
	etag := ""
	if f.etags {
		etag = o.Sub("meta").Text("version")
	}
	return reply{status, etag, f.shown(endpoint, o)}
}

var fakeFilter = regexp.MustCompile(`^(userName|externalId|emails\.value|members\.value) eq ("(?:[^"\\]|\\.)*")$`)

func (f *fake) list(endpoint string, query url.Values) reply {
	all := f.users
	if endpoint == "Groups" {
		all = f.groups
	}
	matching := slices.Clone(all)
	if filter := query.Get("filter"); filter != "" {
		habit := f.filter
		if endpoint == "Groups" {
			habit = f.memberFilter
		}
		parts := fakeFilter.FindStringSubmatch(filter)
		if parts == nil {
			f.t.Errorf("filter %q", filter)
			return refuse(http.StatusBadRequest, "invalidFilter")
		}
		var value string
		if json.Unmarshal([]byte(parts[2]), &value) != nil {
			f.t.Errorf("filter %q", filter)
		}
		switch {
		case habit == "untold":
			f.t.Errorf("asked by filter %q", filter)
		case habit == "refused" || f.refusesEmails && parts[1] == "emails.value":
			return refuse(http.StatusBadRequest, "invalidFilter")
		case habit == "ignored":
		default:
			matching = slices.DeleteFunc(matching, func(o object) bool {
				switch r := (record{o}); parts[1] {
				case "userName":
					return !sameText(o.Text("userName"), value)
				case "externalId":
					return o.Text("externalId") != value
				case "emails.value":
					return !slices.ContainsFunc(r.Objects("emails"), func(e object) bool { return sameText(e.Text("value"), value) })
				}
				return habit == "empty" || !slices.ContainsFunc(o.Objects("members"), func(m object) bool { return m.Text("value") == value })
			})
		}
	}
	start, _ := strconv.Atoi(query.Get("startIndex"))
	count, err := strconv.Atoi(query.Get("count"))
	if err != nil {
		f.t.Errorf("a list of %s without count: %v", endpoint, query)
	}
	if f.pageMost > 0 {
		count = min(count, f.pageMost)
	}
	if f.noStartIndex {
		start = 1
	}
	from := min(max(start-1, 0), len(matching))
	page := []any{}
	for _, o := range matching[from:min(from+count, len(matching))] {
		shown := f.shown(endpoint, o)
		if query.Get("excludedAttributes") == "members" {
			delete(shown, "members")
		}
		page = append(page, shown)
	}
	return listOf(page, len(matching)+f.tellsTooMany)
}

// writable are the attributes of a user that may be written.
var writable = []string{"schemas", "id", "userName", "externalId", "active", "emails", "name", "displayName", "title", "timezone", "phoneNumbers", "roles", "entitlements", "userType", extension}

// valid fails when a user is not what RFC 7643 has.
func (f *fake) valid(u object) {
	for name, value := range u {
		if i := slices.IndexFunc(writable, func(w string) bool { return strings.EqualFold(w, name) }); i < 0 && !strings.EqualFold(name, "meta") {
			f.t.Errorf("a user has no attribute %s", name)
		}
		if _, isFlag := value.(bool); strings.EqualFold(name, "active") && !isFlag {
			f.t.Errorf("active is %v", value)
		}
	}
	for _, many := range []string{"emails", "phoneNumbers", "roles"} {
		n := 0
		for _, v := range u.Objects(many) {
			if is, _ := v.Flag("primary"); is {
				n++
			}
			if v.Text("value") == "" {
				f.t.Errorf("%s holds %v", many, v)
			}
		}
		if n > 1 {
			f.t.Errorf("%d of %s are primary", n, many)
		}
	}
	if u.Text("userName") == "" {
		f.t.Errorf("a user without userName: %v", u)
	}
}

// taken reports whether another user has the name or the primary address.
func (f *fake) taken(u object) bool {
	return slices.ContainsFunc(f.users, func(o object) bool {
		return o.Text("id") != u.Text("id") && (sameText(o.Text("userName"), u.Text("userName")) || sameText((record{o}).email(), (record{u}).email()))
	})
}

func (f *fake) create(body object) reply {
	f.valid(body)
	if body["id"] != nil {
		f.t.Error("the id is the service provider's")
	}
	if f.taken(body) {
		if f.upserts {
			i := slices.IndexFunc(f.users, func(o object) bool { return sameText(o.Text("userName"), body.Text("userName")) })
			return f.show(http.StatusOK, "Users", f.users[i])
		}
		return refuse(http.StatusConflict, "uniqueness")
	}
	f.next++
	body["id"], body["meta"] = strconv.Itoa(f.next), map[string]any{"version": `W/"1"`}
	if f.forgetsMark {
		delete(body, "externalId")
	}
	f.users = append(f.users, body)
	return f.show(http.StatusCreated, "Users", body)
}

// put replaces all of a resource: what is not sent is gone.
func (f *fake) put(endpoint string, o, body object) reply {
	for name := range o {
		if _, kept := body.At(name); body[kept] == nil && name != "meta" && name != "groups" && name != "title" && name != "roles" {
			f.t.Errorf("PUT of %v loses %s", o, name)
		}
	}
	for _, name := range []string{"meta", "groups"} {
		if v, _ := body.At(name); v != nil {
			f.t.Errorf("PUT sends %s", name)
		}
	}
	return f.become(endpoint, o, body)
}

// become makes a resource what it is to be.
func (f *fake) become(endpoint string, o, body object) reply {
	next := object{}
	for name, value := range body {
		for _, w := range append(writable, "members") {
			if strings.EqualFold(w, name) {
				name = w
			}
		}
		next[name] = value
	}
	if text, ok := next["active"].(string); ok && f.flagsAsText {
		next["active"] = strings.EqualFold(text, "true")
	}
	next["id"] = o["id"]
	version, _ := strconv.Atoi(strings.Trim(o.Sub("meta").Text("version"), `W/"`))
	next["meta"] = map[string]any{"version": fmt.Sprintf(`W/"%d"`, version+1)}
	if endpoint == "Users" {
		f.valid(next)
		if f.taken(next) {
			return refuse(http.StatusConflict, "uniqueness")
		}
	}
	clear(o)
	maps.Copy(o, next)
	if endpoint == "Users" && f.deletes && o["active"] == false {
		f.remove(o.Text("id"))
	}
	if f.patchAnswers != 0 {
		return reply{status: f.patchAnswers}
	}
	return f.show(http.StatusOK, endpoint, o)
}

var oneMember = regexp.MustCompile(`^members\[value eq "([^"]+)"\]$`)

func (f *fake) patch(endpoint string, o, body object) reply {
	next := object{}
	maps.Copy(next, o)
	for _, op := range body.Objects("Operations") {
		kind, path := op.Text("op"), op.Text("path")
		member := oneMember.FindStringSubmatch(path)
		switch value, _ := op.At("value"); {
		case endpoint == "Groups" && kind == "add" && path == "members":
			for _, m := range op.Objects("value") {
				if f.find(f.users, m.Text("value")) == nil {
					return refuse(http.StatusBadRequest, "invalidValue")
				}
				next["members"] = append(withoutMember(next, m.Text("value")), map[string]any(m))
			}
		case endpoint == "Groups" && kind == "remove" && member != nil:
			next["members"] = withoutMember(next, member[1])
		case endpoint == "Users" && kind == "replace" && path == "":
			if given := op.Sub("value"); len(given) != 1 || given["active"] == nil {
				f.t.Errorf("without a path it replaces %v", given)
			}
			next["active"] = op.Sub("value")["active"]
		case endpoint == "Users" && kind == "replace" && slices.Contains(writable, path):
			next[path] = value
		case endpoint == "Users" && kind == "replace" && path == extension+":tier":
			tier := maps.Clone(next.Sub(extension))
			if tier == nil {
				tier = object{}
			}
			tier["tier"] = value
			next[extension] = map[string]any(tier)
		case endpoint == "Users" && kind == "remove" && slices.Contains(writable, path):
			delete(next, path)
		default:
			f.t.Errorf("PATCH of %s: %v", endpoint, op)
			return refuse(http.StatusBadRequest, "invalidPath")
		}
	}
	return f.become(endpoint, o, next)
}

func withoutMember(group object, id string) []any {
	all := []any{}
	for _, m := range group.Objects("members") {
		if m.Text("value") != id {
			all = append(all, map[string]any(m))
		}
	}
	return all
}

// count returns how many requests were made that begin like this.
func (f *fake) count(prefix string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, what := range f.asked {
		if strings.HasPrefix(what, prefix) {
			n++
		}
	}
	return n
}

// play sets a trick, and forgets what was asked.
func (f *fake) play(trick func(w http.ResponseWriter, r *http.Request, honest func()) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trick, f.asked, f.bodies = trick, nil, nil
}

// harness is the fake for the suite.
func (f *fake) harness(settings ...string) desktest.Harness {
	return desktest.Harness{
		Desk:  func(t *testing.T) desk.Desk { return connect(t, f.URL+"/v2", settings...) },
		Teams: [2]string{"Support", "Billing"},
		MakeUser: func(t *testing.T, name, email string) provision.DeskUserID {
			return provision.DeskUserID(f.add(email, name, "agent").Text("id"))
		},
		Read: func(t *testing.T, id provision.DeskUserID) *provision.DeskUser {
			f.mu.Lock()
			defer f.mu.Unlock()
			u := f.find(f.users, string(id))
			if u == nil {
				return nil
			}
			role := provision.RoleNone
			for _, r := range u.Objects("roles") {
				role = map[string]provision.Role{"viewer": provision.RoleLimited, "agent": provision.RoleAgent, "admin": provision.RoleAdmin}[r.Text("value")]
			}
			return &provision.DeskUser{Email: (record{u}).email(), DisplayName: u.Text("displayName"), Active: u["active"] == true, Role: role}
		},
	}
}
