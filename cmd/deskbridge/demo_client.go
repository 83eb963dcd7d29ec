package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// caller speaks JSON over HTTP to one of the demo's APIs.
type caller struct {
	base   string
	token  string
	media  string
	client *http.Client
	calls  int
}

func newCaller(base, token, media string) *caller {
	return &caller{base: base, token: token, media: media, client: &http.Client{Timeout: 30 * time.Second}}
}

// do sends a request and returns the decoded answer. A status that is not
// among want is an error with the server's own words.
func (c *caller) do(ctx context.Context, method, path string, body any, want ...int) (map[string]any, error) {
	status, text, err := c.send(ctx, method, path, body)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(want, status) {
		return nil, fmt.Errorf("%s %s: status %d: %s", method, path, status, text)
	}
	var out map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	return out, nil
}

// send sends a request and returns the status and body of its answer.
func (c *caller) send(ctx context.Context, method, path string, body any) (int, []byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept", c.media)
	if body != nil {
		req.Header.Set("Content-Type", c.media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	c.calls++
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, text, err
}

// idp pushes people and groups as one connection.
type idp struct{ *caller }

// lookUp finds a user or group as IdPs do before they create; "" when absent.
func (i idp) lookUp(ctx context.Context, resource, attribute, value string) (string, error) {
	found, err := i.do(ctx, "GET", "/"+resource+"?filter="+url.QueryEscape(fmt.Sprintf("%s eq %q", attribute, value))+"&startIndex=1&count=100", nil, 200)
	if err != nil {
		return "", err
	}
	for _, r := range found["Resources"].([]any) {
		return r.(map[string]any)["id"].(string), nil
	}
	return "", nil
}

// push creates what is not there yet, and returns its id.
func (i idp) push(ctx context.Context, resource, attribute string, body map[string]any) (string, error) {
	id, err := i.lookUp(ctx, resource, attribute, fmt.Sprint(body[attribute]))
	if err != nil || id != "" {
		return id, err
	}
	made, err := i.do(ctx, "POST", "/"+resource, body, 201)
	if err != nil {
		return "", err
	}
	return made["id"].(string), nil
}

func (i idp) patch(ctx context.Context, path string, ops ...map[string]any) error {
	_, err := i.do(ctx, "PATCH", path, patchOf(ops...), 200, 204)
	return err
}

// members are ids as values of a PATCH.
func members(ids ...string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = map[string]any{"value": id}
	}
	return out
}

// deskAPI is the built-in desk's own API, as its agents and programs use it.
type deskAPI struct{ *caller }

func newDeskAPI(ctx context.Context, base, appID, appSecret string) (deskAPI, error) {
	c := newCaller(base, "", "application/json")
	out, err := c.do(ctx, "POST", "/oauth2/token", map[string]any{"grant_type": "client_credentials", "client_id": appID, "client_secret": appSecret}, 200)
	if err != nil {
		return deskAPI{}, err
	}
	c.token = out["access_token"].(string)
	return deskAPI{c}, nil
}

// embedded returns the items of a page.
func embedded(page map[string]any, name string) []map[string]any {
	inner, _ := page["_embedded"].(map[string]any)
	items, _ := inner[name].([]any)
	out := make([]map[string]any, len(items))
	for i, item := range items {
		out[i] = item.(map[string]any)
	}
	return out
}

// userID returns the desk user with this address; 0 when there is none.
func (d deskAPI) userID(ctx context.Context, mail string) (int, error) {
	page, err := d.do(ctx, "GET", "/users?email="+url.QueryEscape(mail), nil, 200)
	if err != nil {
		return 0, err
	}
	for _, u := range embedded(page, "users") {
		return int(u["id"].(float64)), nil
	}
	return 0, nil
}

// open returns how many open conversations a user has.
func (d deskAPI) open(ctx context.Context, user int) (int, error) {
	page, err := d.do(ctx, "GET", fmt.Sprintf("/conversations?assigned_to=%d&status=open", user), nil, 200)
	if err != nil {
		return 0, err
	}
	return int(page["page"].(map[string]any)["totalElements"].(float64)), nil
}

func lower(s string) string { return strings.ToLower(s) }
