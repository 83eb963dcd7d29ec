package zendesk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
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

// explain makes e say what the status of an answer means on Zendesk. What Zendesk describes
// may quote what was sent, and is shown to nobody.
func explain(a *kit.Answer, e *desk.Error) {
	var own struct {
		Error   json.RawMessage
		Details map[string][]struct{ Error, Description string }
	}
	isOwn := json.Unmarshal(a.Body, &own) == nil && own.Error != nil
	switch {
	case a.Status == http.StatusNotFound && !(isOwn && string(own.Error) == `"RecordNotFound"`):
		// So is a path that it does not have, or a Zendesk that is not there.
		*e = *vendor.NotItsAPI(a.Status)
	case a.Status == http.StatusConflict:
		*e = *vendor.Busy(a) // two changes of one record at once
	case a.Status == http.StatusUnprocessableEntity && e.Kind == desk.Permanent:
		e.Err, e.Field = errRefused, strings.Join(slices.Sorted(maps.Keys(own.Details)), ", ")
		for _, details := range own.Details {
			for _, d := range details {
				if d.Error == "DuplicateValue" || strings.Contains(d.Description, "already") {
					e.Kind, e.Err = desk.Conflict, errTaken
				}
			}
		}
	case bytes.HasPrefix(a.Sent, []byte(`{"user":`)): // five changes a minute are what one user bears
		kit.OwnLimit(a, e, "Zendesk takes five changes of one user a minute, and no more for now", 12*time.Second)
	}
}

// list is a list by cursor, of items that are what was asked for.
func list[E any](c *client, path, key string, query url.Values, is func(*E) bool) kit.CursorList[E] {
	return kit.CursorList[E]{Client: c.Client, Path: path, Key: key, Query: query, Size: pageSize, Most: maxPages, Is: is}
}

// carry sends a request that a job carries out, and waits for it. An answer that
// names none is no reason to wait: what came of it is read back.
func (c *client) carry(ctx context.Context, call kit.Call) error {
	type status struct {
		Job struct {
			ID     string `json:"id"`
			Status string `json:"status"` // queued, working, failed, completed or killed
		} `json:"job_status"`
	}
	var started status
	a, err := c.Do(ctx, call, nil)
	if err != nil || json.Unmarshal(a.Body, &started) != nil || started.Job.ID == "" {
		return err
	}
	return c.patience.Job(ctx, vendor, func(ctx context.Context) (bool, error) {
		var answer status
		err := c.Get(ctx, "/job_statuses/"+url.PathEscape(started.Job.ID), nil, &answer)
		switch is := answer.Job.Status; {
		case err == nil && answer.Job.ID != started.Job.ID:
			err = desk.Errorf(desk.Retryable, "Zendesk answered a question about a job with another one")
		case is == "failed" || is == "killed":
			err = desk.Errorf(desk.Retryable, "a job of Zendesk's has %s", is)
		}
		return answer.Job.Status == "completed", err
	})
}
