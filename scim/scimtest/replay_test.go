package scimtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// scripted answers every request as answer says and notes the request lines.
func scripted(t *testing.T, answer http.HandlerFunc) (base string, lines *[]string) {
	t.Helper()
	lines = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*lines = append(*lines, strings.TrimSpace(r.Method+" "+r.RequestURI+" "+string(body)))
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/scim/", lines
}

func parseTrace(t *testing.T, text string) trace {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	traces, err := load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return traces[0]
}

const conversation = `{"idp":"x","scenario":"t","headers":{"Content-Type":"application/scim+json; charset=utf-8"},"vars":{"u":"ada ${rand}"},"steps":[
 {"name":"create","method":"POST","path":"/Users","body":{"z":1,"userName":"${u}"},"save":{"user":""},"expect":{"status":[201],"bodyMatches":{"id":{"$minLen":1}}}},
 {"name":"look-up","method":"GET","path":"/Users?filter=userName+eq+%22${form:u}%22&x=${user.id}","expect":{"status":[200]}},
 {"name":"bare","method":"PATCH","path":"/Users/${user.id}?","rawBody":"{\"a\":  1}","expect":{"anyOf":[{"status":[204]},{"status":[200]}]}}]}`

func TestReplaySendsTheWireForm(t *testing.T) {
	var name string
	base, lines := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/scim+json")
		switch r.Method {
		case "POST":
			if got := r.Header.Get("Content-Type"); got != "application/scim+json; charset=utf-8" {
				t.Errorf("Content-Type is %q", got)
			}
			w.Header().Set("Location", "x")
			w.WriteHeader(201)
			fmt.Fprint(w, `{"id":"a b","schemas":["s"]}`)
		case "GET":
			if r.Header.Get("Content-Type") != "" || r.Header.Get("Accept-Encoding") != "" || r.Header.Get("User-Agent") != "" {
				t.Errorf("headers nobody asked for: %v", r.Header)
			}
			name = r.URL.Query().Get("filter")
			fmt.Fprint(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"Resources":[]}`)
		default:
			w.WriteHeader(204)
		}
	})
	r := replayer{base: strings.TrimRight(base, "/"), token: "t", strict: true}
	if err := r.run(t.Context(), parseTrace(t, conversation)); err != nil {
		t.Fatal(err)
	}
	u := r.vars["u"].(string)
	want := []string{
		`POST /scim/Users {"z":1,"userName":"` + u + `"}`,
		`GET /scim/Users?filter=userName+eq+%22` + strings.ReplaceAll(u, " ", "+") + `%22&x=a%20b`,
		`PATCH /scim/Users/a%20b? {"a":  1}`,
		`DELETE /scim/Users/a%20b`,
	}
	if !slices.Equal(want, *lines) {
		t.Errorf("sent\n%s\nwant\n%s", strings.Join(*lines, "\n"), strings.Join(want, "\n"))
	}
	if name != `userName eq "`+u+`"` {
		t.Errorf("the filter arrived as %s", name)
	}
}

// TestReplayFindsWrongAnswers makes sure that a trace cannot pass vacuously:
// each of these servers breaks one rule, and only one.
func TestReplayFindsWrongAnswers(t *testing.T) {
	const ok = `{"id":"1","schemas":["s"],"userName":"ada"}`
	const list = `"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"]`
	for _, tt := range []struct {
		name, expect  string
		status        int
		contentType   string
		body, finding string
	}{
		{"nothing wrong", `{"status":[200]}`, 200, "application/scim+json", ok, ""},
		{"a wrong status", `{"status":[201]}`, 200, "application/scim+json", ok, "status should be"},
		{"a wrong body", `{"bodyMatches":{"userName":"bo"}}`, 200, "application/scim+json", ok, "userName should be"},
		{"a wrong body for the status", `{"byStatus":{"200":{"bodyMatches":{"userName":"bo"}}}}`, 200, "application/scim+json", ok, "userName should be"},
		{"a body where none belongs", `{"noBody":true}`, 200, "application/scim+json", ok, "should be empty"},
		{"no body where one belongs", `{"bodyMatches":{}}`, 204, "", "", "a JSON body is expected"},
		{"a wrong header", `{"headers":{"content-type":{"$re":"^text/"}}}`, 200, "application/scim+json", ok, "header content-type"},
		{"none of the outcomes", `{"anyOf":[{"status":[201]},{"status":[202]}]}`, 200, "application/scim+json", ok, "none of the 2"},
		{"a wrong content type", `{}`, 200, "text/html", ok, "Content-Type"},
		{"no JSON", `{}`, 200, "application/json", `<html>`, "not JSON"},
		{"no body", `{}`, 200, "application/json", ``, "without a body"},
		{"an error that is no SCIM error", `{}`, 404, "application/json", `{"error":"x"}`, "error body"},
		{"a numeric status in an error", `{}`, 404, "application/json", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":404}`, "error body"},
		{"a resource without id", `{}`, 200, "application/json", `{"schemas":["s"]}`, "without a string id"},
		{"a resource without schemas", `{}`, 200, "application/json", `{"id":"1"}`, "without schemas"},
		{"a password", `{}`, 200, "application/json", `{"id":"1","schemas":["s"],"password":"p"}`, "password"},
		{"201 without Location", `{}`, 201, "application/json", ok, "Location"},
		{"a list without a total", `{}`, 200, "application/json", `{` + list + `,"Resources":[]}`, "totalResults"},
		{"a list without Resources", `{}`, 200, "application/json", `{` + list + `,"totalResults":0}`, "Resources"},
		{"a list that counts wrong", `{}`, 200, "application/json", `{` + list + `,"totalResults":1,"itemsPerPage":2,"Resources":[` + ok + `]}`, "itemsPerPage"},
		{"a list with text for a number", `{}`, 200, "application/json", `{` + list + `,"totalResults":"0","Resources":[]}`, "integer"},
		{"a list of broken resources", `{}`, 200, "application/json", `{` + list + `,"totalResults":1,"Resources":[{"id":"1"}]}`, "without schemas"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			base, _ := scripted(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			})
			r := replayer{base: strings.TrimRight(base, "/"), strict: true}
			err := r.run(t.Context(), parseTrace(t, `{"idp":"x","scenario":"t","steps":[{"name":"s","method":"GET","path":"/Users/1","expect":`+tt.expect+`}]}`))
			switch {
			case tt.finding == "" && err != nil:
				t.Error(err)
			case tt.finding != "" && (err == nil || !strings.Contains(err.Error(), tt.finding)):
				t.Errorf("got %v, want a finding about %q", err, tt.finding)
			}
		})
	}
}

func TestReplayNeedsWhatItSaves(t *testing.T) {
	base, _ := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"id":"1","schemas":["s"]}`)
	})
	r := replayer{base: strings.TrimRight(base, "/")}
	err := r.run(t.Context(), parseTrace(t, `{"idp":"x","scenario":"t","steps":[{"name":"s","method":"GET","path":"/Users/1","save":{"v":"/name"},"expect":{}}]}`))
	if err == nil || !strings.Contains(err.Error(), "to save as v") {
		t.Errorf("got %v", err)
	}
}

func TestLoadRefusesBrokenTraces(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON":        `{`,
		"another name":   `{"idp":"x","scenario":"u","steps":[{"method":"GET","path":"/","expect":{}}]}`,
		"no steps":       `{"idp":"x","scenario":"t"}`,
		"a wrong method": `{"idp":"x","scenario":"t","steps":[{"method":"GOT","path":"/","expect":{}}]}`,
		"a wrong path":   `{"idp":"x","scenario":"t","steps":[{"method":"GET","path":"Users","expect":{}}]}`,
		"no expectation": `{"idp":"x","scenario":"t","steps":[{"method":"GET","path":"/"}]}`,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "t.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(dir); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := load(t.TempDir()); err == nil {
		t.Error("an empty folder is no error")
	}
}
