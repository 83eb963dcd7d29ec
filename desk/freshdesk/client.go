package freshdesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	maxParallel = 4
	pageSize    = 100 // the most that Freshdesk gives
	maxPages    = 300 // it goes no further
)

// Causes of errors that are told apart here.
var (
	errTaken   = errors.New("HTTP 409")
	errRefused = errors.New("HTTP 400")
)

var vendor = kit.Vendor{
	Name:         "Freshdesk",
	API:          "Freshdesk's API",
	Unauthorized: "Freshdesk refuses the API key; was it reset, or its owner deactivated? Look it up as the service account at (the picture at the top) > Profile settings > View API key",
	Forbidden:    "Freshdesk does not allow this to the service account: it must be an administrator, at Admin > Team > Agents > (the service account) > Roles",
	NotFound:     "Freshdesk has no such record",
}

// client speaks with one Freshdesk.
type client struct {
	*kit.Client
	patience kit.Patience // with jobs
	ahead    atomic.Int64 // by how much Freshdesk's clock is, in nanoseconds
}

// setClock notes what Freshdesk's clock says.
func (c *client) setClock(h http.Header) {
	if now, err := http.ParseTime(h.Get("Date")); err == nil {
		c.ahead.Store(int64(time.Until(now)))
	}
}

func newClient(s settings) *client {
	return &client{Client: kit.New(kit.Config{
		Kind:     "freshdesk",
		Base:     s.api,
		Header:   http.Header{"Authorization": {s.authorization}},
		Parallel: maxParallel,
		Timeout:  60 * time.Second,
		Retries:  2,
		MaxBytes: 16 << 20,
		Vendor:   vendor,
		Explain:  explain,
	}), patience: kit.ForJobs}
}

// explain makes e say what the status of an answer means on Freshdesk.
func explain(a *kit.Answer, e *desk.Error) {
	var own struct {
		Errors []struct{ Field, Code string }
	}
	_ = json.Unmarshal(a.Body, &own) // no reason is an answer, too
	var fields []string
	taken := a.Status == http.StatusConflict
	for _, x := range own.Errors {
		fields, taken = append(fields, kit.CutRunes(kit.OneLine(x.Field), 50)), taken || x.Code == "duplicate_value"
	}
	kit.OwnLimit(a, e, "Freshdesk takes no more requests of this kind for now", time.Minute)
	switch {
	case taken && e.Kind == desk.Permanent:
		e.Kind, e.Err, e.Field = desk.Conflict, errTaken, strings.Join(fields, ", ")
	case a.Status == http.StatusBadRequest && e.Kind == desk.Permanent:
		e.Err, e.Field = errRefused, strings.Join(fields, ", ")
	}
}

// list reads a list to its end. Where the next page is, Freshdesk says by an address,
// which is not followed: the key goes nowhere else.
func list[E any](ctx context.Context, c *client, path string, query url.Values) (all []E, _ error) {
	asked := maps.Clone(query)
	if asked == nil {
		asked = url.Values{}
	}
	asked.Set("per_page", strconv.Itoa(pageSize))
	var before []byte
	for n := 1; n <= maxPages; n++ {
		asked.Set("page", strconv.Itoa(n))
		var items []E
		a, err := c.Do(ctx, kit.Call{Method: http.MethodGet, Path: path, Query: asked}, &items)
		if err != nil {
			return nil, err
		}
		more := strings.Contains(a.Header.Get("Link"), `rel="next"`)
		switch {
		case items == nil:
			return nil, vendor.NoList(strings.TrimPrefix(path, "/"))
		case more && len(items) == 0, n > 1 && len(items) > 0 && bytes.Equal(before, a.Body):
			return nil, desk.Errorf(desk.Retryable, "Freshdesk says that a list goes on, and does not show how")
		}
		all, before = append(all, items...), a.Body
		if !more && len(items) < pageSize {
			return all, nil
		}
	}
	return nil, desk.Errorf(desk.Permanent, "a list of Freshdesk's has more than %d pages", maxPages)
}

// await waits until a job is done, well or not.
func (c *client) await(ctx context.Context, job string) error {
	if job == "" {
		return nil
	}
	return c.patience.Job(ctx, vendor, func(ctx context.Context) (bool, error) {
		var answer struct {
			Status string `json:"status"`
		}
		err := c.Get(ctx, "/jobs/"+url.PathEscape(job), nil, &answer)
		status := strings.ToLower(answer.Status)
		return slices.ContainsFunc([]string{"complet", "succe", "partial", "fail"}, func(end string) bool { return strings.Contains(status, end) }), err
	})
}

// catalogueAge is how long what is on the desk is taken for true: a run asks
// several times.
const catalogueAge = 10 * time.Second

func catalogue(c *client, what, path string) *kit.Catalogue[kit.Entry] {
	return &kit.Catalogue[kit.Entry]{
		Age: catalogueAge, Read: func(ctx context.Context) ([]kit.Entry, error) { return list[kit.Entry](ctx, c, path, nil) },
		Name: func(e kit.Entry) string { return e.Name }, Fold: provision.Fold, Several: vendor.Namesakes(what),
	}
}

// refusedTo says in a refusal what was refused.
func refusedTo(err error, format string, args ...any) error {
	return vendor.RefusedTo(err, errRefused, format, args...)
}
