package helpscout

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/desk/kit/oauth"
	"github.com/deskbridge/deskbridge/desk/kit/quota"
)

const (
	maxParallel    = 8
	requestTimeout = 30 * time.Second
	maxPages       = 1000 // of a list
	maxTries       = 5    // of a change that others write over

	// longestWait is how long a request waits for its turn, and a caller for what is read for
	// another. Whoever would wait longer comes again.
	longestWait = 20 * time.Second
)

// terms are those of the rate limit, which is one for the whole account, whoever uses it: a read
// is one unit, a write two. Beside that, no more than 12 writes in 5 seconds are taken (vendor's
// llms.txt, August 2026). We keep some way from it: what is sent apart may arrive together.
var terms = quota.Terms{
	Vendor: vendor, Assumed: 100, Read: 1, Write: 2,
	PerMinute: "X-RateLimit-Limit-Minute", Remaining: "X-RateLimit-Remaining-Minute",
	Writes: 10, Within: 5500 * time.Millisecond,
	Longest: longestWait,
}

// client speaks HTTP with the Inbox API. It is safe for concurrent use. It repeats nothing but a
// request that was refused for its token: whoever calls it looks first.
type client struct{ *kit.Client }

func newClient(s settings, limit kit.Limit) *client {
	base := s.base.JoinPath(apiVersion)
	app := &oauth.App{
		Vendor: vendor, Endpoint: base.JoinPath("oauth2/token").String(), ID: s.appID, Secret: s.appSecret,
		Refused: "Help Scout refuses the App ID or the App Secret, or the user who owns the app is not active; see Your Profile > My Apps of that user",
	}
	return &client{kit.New(kit.Config{
		Kind:     "helpscout",
		Base:     base,
		Header:   http.Header{"Accept": {"application/hal+json, application/json"}},
		Parallel: maxParallel,
		Timeout:  requestTimeout,
		Vendor:   vendor,
		Token:    app.Token,
		Limit:    limit,
		Explain:  explain,
	})}
}

// get reads what is at path into answer. Its only good answer is 200.
func (c *client) get(ctx context.Context, path string, answer any) error {
	_, err := c.Do(ctx, kit.Call{Method: http.MethodGet, Path: path, Want: http.StatusOK}, answer)
	return err
}

// write sends a change to what is at path. Its only good answer is 204.
func (c *client) write(ctx context.Context, method, path string, body any) error {
	_, err := c.Do(ctx, kit.Call{Method: method, Path: path, Body: body, Want: http.StatusNoContent}, nil)
	return err
}

// places returns all teams or inboxes, each once.
func (c *client) places(ctx context.Context, path, name string) ([]kit.Entry, error) {
	return listing.ToAndFro(ctx, listing.HAL[kit.Entry](c.Client, vendor, path, name, nil, maxPages), func(e kit.Entry) int64 { return e.ID })
}

// people returns all users on the list at path, each once. Teams, which may be among them, are
// left out.
func (c *client) people(ctx context.Context, path string, query url.Values) ([]user, error) {
	all, err := listing.ToAndFro(ctx, listing.HAL[user](c.Client, vendor, path, "users", query, maxPages), func(u user) int64 { return u.ID })
	return slices.DeleteFunc(all, func(u user) bool { return !u.person() }), err
}
