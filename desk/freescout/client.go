package freescout

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxParallel = 4 // requests at once
	pageSize    = 50
	maxPages    = 2_000
)

// errRefused is the cause of a refusal that may mean that a value is taken.
var errRefused = errors.New("refused")

var vendor = kit.Vendor{
	Name:         "FreeScout",
	API:          "FreeScout's API & Webhooks module",
	Unauthorized: "FreeScout refuses the API key; was it made anew? It is at Manage > API & Webhooks",
	Forbidden:    "FreeScout does not allow this: see to it that the user of the setting by_user is an administrator, and that Manage > API & Webhooks lets this address in",
	NotFound:     "FreeScout has no such record",
}

func newClient(s settings) *kit.Client {
	return kit.New(kit.Config{
		Kind:     "freescout",
		Base:     s.api,
		Header:   http.Header{"X-FreeScout-API-Key": {s.key}},
		Parallel: maxParallel,
		Timeout:  30 * time.Second,
		Retries:  2,
		Vendor:   vendor,
		Explain:  explain,
	})
}

// explain makes e say what the status of an answer means on FreeScout.
func explain(a *kit.Answer, e *desk.Error) {
	var body struct {
		Message  string
		Embedded struct {
			Errors []struct{ Path, Message string }
		} `json:"_embedded"`
	}
	_ = json.Unmarshal(a.Body, &body) // no reason is an answer too
	switch {
	case a.Status == http.StatusMethodNotAllowed:
		e.Detail = "FreeScout's API does not have this call (HTTP 405): update the module at Manage > Modules > API & Webhooks"
	case e.Kind != desk.Permanent || e.Err != nil:
	default:
		e.Err = errRefused
		e.Detail += a.Quote(body.Message)
		for _, problem := range body.Embedded.Errors[:min(len(body.Embedded.Errors), 3)] {
			e.Detail += a.Quote(problem.Message)
		}
	}
}

// sized asks for pages of our size.
func sized(query url.Values) url.Values {
	asked := url.Values{"pageSize": {strconv.Itoa(pageSize)}}
	maps.Copy(asked, query)
	return asked
}

// scan calls do with what is on the list at path, a page at a time, until it returns
// false. A list that shows fewer than it says it has is an error.
func scan[T any](ctx context.Context, c *kit.Client, path, name string, query url.Values, id func(T) int64, do func([]T) (more bool)) error {
	var pages kit.Pages
	for n := 1; n <= maxPages; n++ {
		items, of, err := kit.GetHAL[T](ctx, c, path, name, sized(query), n)
		if err != nil {
			return err
		}
		if !do(items) {
			return nil
		}
		ids := make([]int64, len(items))
		for i, item := range items {
			ids[i] = id(item)
		}
		if more, err := pages.Next(vendor, name, ids, of.TotalElements); err != nil || !more {
			return err
		}
	}
	return desk.Errorf(desk.Permanent, "the list of %s has more than %d pages", name, maxPages)
}

// list returns all of the list at path, each once.
func list[T any](ctx context.Context, c *kit.Client, path, name string, query url.Values, id func(T) int64) (all []T, _ error) {
	seen := map[int64]bool{}
	err := scan(ctx, c, path, name, query, id, func(items []T) bool {
		for _, item := range items {
			if !seen[id(item)] {
				seen[id(item)] = true
				all = append(all, item)
			}
		}
		return true
	})
	return all, err
}
