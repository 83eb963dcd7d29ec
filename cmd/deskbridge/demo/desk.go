package demo

import (
	"context"
	"fmt"
	"net/url"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/demo/simulated"
)

// deskAPI is the built-in desk's own API, as its agents and programs use it.
type deskAPI struct{ *simulated.Caller }

func newDeskAPI(ctx context.Context, base, appID, appSecret string) (deskAPI, error) {
	c := simulated.NewCaller(base, "", "application/json")
	out, err := c.Do(ctx, "POST", "/oauth2/token", map[string]any{"grant_type": "client_credentials", "client_id": appID, "client_secret": appSecret}, 200)
	if err != nil {
		return deskAPI{}, err
	}
	c.Token = out["access_token"].(string)
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
	page, err := d.Do(ctx, "GET", "/users?email="+url.QueryEscape(mail), nil, 200)
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
	page, err := d.Do(ctx, "GET", fmt.Sprintf("/conversations?assigned_to=%d&status=open", user), nil, 200)
	if err != nil {
		return 0, err
	}
	return int(page["page"].(map[string]any)["totalElements"].(float64)), nil
}
