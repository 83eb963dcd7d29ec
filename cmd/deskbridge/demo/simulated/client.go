package simulated

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

// Caller speaks JSON over HTTP to one of the demo's APIs.
type Caller struct {
	Base   string
	Token  string
	Media  string
	client *http.Client
	Calls  int
}

// NewCaller returns a Caller of the API at base; media is what its bodies are.
func NewCaller(base, token, media string) *Caller {
	return &Caller{Base: base, Token: token, Media: media, client: &http.Client{Timeout: 30 * time.Second}}
}

// Do sends a request and returns the decoded answer. A status that is not
// among want is an error with the server's own words.
func (c *Caller) Do(ctx context.Context, method, path string, body any, want ...int) (map[string]any, error) {
	status, text, err := c.Send(ctx, method, path, body)
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

// Send sends a request and returns the status and body of its answer.
func (c *Caller) Send(ctx context.Context, method, path string, body any) (int, []byte, error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, nil, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.Base+path, content)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept", c.Media)
	if body != nil {
		req.Header.Set("Content-Type", c.Media)
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	c.Calls++
	resp, err := c.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, text, err
}

// IdP pushes people and groups as one connection.
type IdP struct{ *Caller }

// NewIdP returns an identity provider that pushes to a SCIM address.
func NewIdP(scimURL, token string) IdP {
	return IdP{NewCaller(scimURL, token, "application/scim+json")}
}

// LookUp finds a user or group as IdPs do before they create; "" when absent.
func (i IdP) LookUp(ctx context.Context, resource, attribute, value string) (string, error) {
	found, err := i.Do(ctx, "GET", "/"+resource+"?filter="+url.QueryEscape(fmt.Sprintf("%s eq %q", attribute, value))+"&startIndex=1&count=100", nil, 200)
	if err != nil {
		return "", err
	}
	for _, r := range found["Resources"].([]any) {
		return r.(map[string]any)["id"].(string), nil
	}
	return "", nil
}

// Push creates what is not there yet, and returns its id.
func (i IdP) Push(ctx context.Context, resource, attribute string, body map[string]any) (string, error) {
	id, err := i.LookUp(ctx, resource, attribute, fmt.Sprint(body[attribute]))
	if err != nil || id != "" {
		return id, err
	}
	made, err := i.Do(ctx, "POST", "/"+resource, body, 201)
	if err != nil {
		return "", err
	}
	return made["id"].(string), nil
}

// Patch sends a PATCH with these operations.
func (i IdP) Patch(ctx context.Context, path string, ops ...map[string]any) error {
	_, err := i.Do(ctx, "PATCH", path, PatchOf(ops...), 200, 204)
	return err
}

// Members are ids as values of a PATCH.
func Members(ids ...string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = map[string]any{"value": id}
	}
	return out
}

// Lower folds a value as identity providers compare it.
func Lower(s string) string { return strings.ToLower(s) }
