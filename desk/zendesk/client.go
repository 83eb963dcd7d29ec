package zendesk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const (
	maxParallel = 4
	pageSize    = 100 // the most that Zendesk gives
	maxPages    = 1_000
	// maxOffsetPages is how far Zendesk goes in a list with numbered pages.
	maxOffsetPages = 100
)

// Causes of errors that are told apart here.
var (
	errTaken   = errors.New("HTTP 422: taken")
	errRefused = errors.New("HTTP 422")
)

var vendor = kit.Vendor{
	Name:         "Zendesk",
	API:          "Zendesk's API",
	Unauthorized: "Zendesk refuses the token; is token access off, the token deleted, or its owner suspended? Make one at Admin Center > Apps and integrations > APIs > API tokens",
	Forbidden:    "Zendesk does not allow this to the service account: it must be an admin, at Admin Center > People > Team members > (the service account) > Role. The account owner can be changed by nobody else",
	NotFound:     "Zendesk has no such record",
}

// client speaks with one Zendesk.
type client struct {
	*kit.Client
	patience kit.Patience // with jobs
}

func newClient(s settings) *client {
	return &client{kit.New(kit.Config{
		Kind:     "zendesk",
		Base:     s.api,
		Header:   http.Header{"Authorization": {s.authorization}},
		Parallel: maxParallel,
		Timeout:  60 * time.Second,
		Retries:  2,
		MaxBytes: 16 << 20,
		Vendor:   vendor,
		Explain:  explain,
	}), kit.ForJobs}
}

// refusal is what Zendesk says against a request. What it describes may quote what
// was sent, and is shown to nobody.
type refusal struct {
	Error   json.RawMessage `json:"error"`
	Details map[string][]struct {
		Error       string `json:"error"`
		Description string `json:"description"`
	} `json:"details"`
}

// explain makes e say what the status of an answer means on Zendesk.
func explain(a *kit.Answer, e *desk.Error) {
	var own refusal
	isOwn := json.Unmarshal(a.Body, &own) == nil && own.Error != nil
	switch {
	case a.Status == http.StatusNotFound && !(isOwn && string(own.Error) == `"RecordNotFound"`):
		// So is a path that it does not have, or a Zendesk that is not there.
		*e = *vendor.NotItsAPI(a.Status)
	case a.Status == http.StatusConflict:
		*e = *vendor.Busy(a) // two changes of one record at once
	case a.Status == http.StatusTooManyRequests && ofOneUser(a):
		// Five changes a minute are what one user bears: whoever is not that user need not wait.
		e.Err = desk.ErrNotAsked
		e.Detail = "Zendesk takes five changes of one user a minute, and no more for now"
		e.RetryAfter = cmp.Or(e.RetryAfter, 12*time.Second)
	case a.Status == http.StatusUnprocessableEntity && e.Kind == desk.Permanent:
		e.Err, e.Field = errRefused, strings.Join(slices.Sorted(maps.Keys(own.Details)), ", ")
		for _, details := range own.Details {
			for _, d := range details {
				if d.Error == "DuplicateValue" || strings.Contains(d.Description, "already") {
					e.Kind, e.Err = desk.Conflict, errTaken
				}
			}
		}
	}
}

// ofOneUser reports whether a limit is the one on changes of a user, and not that of
// the whole Zendesk.
func ofOneUser(a *kit.Answer) bool {
	if !bytes.HasPrefix(a.Sent, []byte(`{"user":`)) {
		return false
	}
	for _, name := range []string{"X-Rate-Limit-Remaining", "Ratelimit-Remaining"} {
		if left, err := strconv.Atoi(a.Header.Get(name)); err == nil {
			return left > 0
		}
	}
	return false
}

// page is a page of a list by cursor. Where the next one is, Zendesk says by an
// address as well, which is not followed: the token goes nowhere else.
type page[E any] struct {
	items []E
	next  string // cursor; "": it is the last one
}

// pageAt reads the page at a cursor of the list that goes by key.
func pageAt[E any](ctx context.Context, c *client, path, key string, query url.Values, cursor string) (p page[E], _ error) {
	asked := maps.Clone(query)
	if asked == nil {
		asked = url.Values{}
	}
	asked.Set("page[size]", strconv.Itoa(pageSize))
	if cursor != "" {
		asked.Set("page[after]", cursor)
	}
	var answer map[string]json.RawMessage
	if err := c.Get(ctx, path, asked, &answer); err != nil {
		return p, err
	}
	var meta struct {
		More  *bool  `json:"has_more"`
		After string `json:"after_cursor"`
	}
	if answer[key] == nil || answer["meta"] == nil {
		return p, vendor.NoList(key)
	}
	if err := errors.Join(vendor.Decode(answer[key], &p.items), vendor.Decode(answer["meta"], &meta)); err != nil {
		return p, err
	}
	switch {
	case p.items == nil || meta.More == nil:
		return p, vendor.NoList(key)
	case *meta.More && (meta.After == "" || meta.After == cursor || len(p.items) == 0):
		return p, desk.Errorf(desk.Retryable, "Zendesk's list of %s says that it goes on, and not where", key)
	case *meta.More:
		p.next = meta.After
	}
	return p, nil
}

// list reads a list by cursor to its end.
func list[E any](ctx context.Context, c *client, path, key string, query url.Values) ([]E, error) {
	all, cursor := []E{}, ""
	for range maxPages {
		p, err := pageAt[E](ctx, c, path, key, query, cursor)
		if err != nil {
			return nil, err
		}
		if all, cursor = append(all, p.items...), p.next; cursor == "" {
			return all, nil
		}
	}
	return nil, desk.Errorf(desk.Permanent, "Zendesk's list of %s has more than %d pages", key, maxPages)
}

// job is work that Zendesk does after its answer.
type job struct {
	ID     string `json:"id"`
	Status string `json:"status"` // queued, working, failed, completed or killed
}

// await waits until a job is done.
func (c *client) await(ctx context.Context, j job) error {
	if j.ID == "" {
		return nil
	}
	return c.patience.Job(ctx, vendor, func(ctx context.Context) (bool, error) {
		var answer struct {
			Job job `json:"job_status"`
		}
		err := c.Get(ctx, "/job_statuses/"+url.PathEscape(j.ID), nil, &answer)
		switch status := answer.Job.Status; {
		case err == nil && answer.Job.ID != j.ID:
			err = desk.Errorf(desk.Retryable, "Zendesk answered a question about a job with another one")
		case status == "failed" || status == "killed":
			err = desk.Errorf(desk.Retryable, "a job of Zendesk's has %s", status)
		}
		return answer.Job.Status == "completed", err
	})
}

// carry sends a request that a job carries out, and waits for it. An answer that
// names none is no reason to wait: what came of it is read back.
func (c *client) carry(ctx context.Context, call kit.Call) error {
	a, err := c.Do(ctx, call, nil)
	if err != nil {
		return err
	}
	var started struct {
		Job job `json:"job_status"`
	}
	if json.Unmarshal(a.Body, &started) != nil {
		return nil
	}
	return c.await(ctx, started.Job)
}
