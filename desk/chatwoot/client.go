package chatwoot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

const maxParallel = 4 // requests at once

// Causes of errors that are told apart here.
var (
	errRefused  = errors.New("HTTP 422")
	errInternal = errors.New("HTTP 500")
)

var vendor = kit.Vendor{
	Name:         "Chatwoot",
	API:          "Chatwoot's API",
	Unauthorized: "Chatwoot refuses the access token; was it reset, or the service account deleted? It is at Profile Settings > Access Token",
	Forbidden:    "Chatwoot does not allow this: make the owner of the access token an administrator of the account, at Settings > Agents > (the service account) > Edit",
	NotFound:     "Chatwoot has no such record in this account",
}

// client speaks with one account of a Chatwoot.
type client struct {
	*kit.Client
	account string // its number
}

func newClient(s settings) *client {
	return &client{kit.New(kit.Config{
		Kind:     "chatwoot",
		Base:     s.api,
		Header:   http.Header{"api_access_token": {s.token}},
		Parallel: maxParallel,
		Timeout:  30 * time.Second,
		Retries:  2,
		MaxBytes: 16 << 20,
		Vendor:   vendor,
		Explain:  explain,
	}), s.account}
}

// path returns a path below the account.
func (c *client) path(format string, args ...any) string {
	return "/accounts/" + c.account + fmt.Sprintf(format, args...)
}

// explain makes e say what the status of an answer means on Chatwoot.
func explain(a *kit.Answer, e *desk.Error) {
	var body struct {
		Error, Message string
		Status         json.RawMessage // of an answer of the server, not of Chatwoot
	}
	_ = json.Unmarshal(a.Body, &body) // no reason is an answer too
	words := body.Error + body.Message
	switch {
	case a.Status == http.StatusUnauthorized && strings.Contains(strings.ToLower(words), "not authorized"):
		*e = desk.Error{Kind: desk.Permanent, Detail: vendor.Forbidden, Err: kit.ErrForbidden}
	case a.Status == http.StatusNotFound && (body.Error == "" || body.Status != nil):
		*e = *vendor.NotItsAPI(a.Status)
	case a.Status == http.StatusPaymentRequired && !a.IsPage():
		*e = *desk.Errorf(desk.Permanent, "Chatwoot has no seat left for another agent: delete one, or buy more at Settings > Billing")
	case a.Status == http.StatusInternalServerError && body.Error != "":
		e.Err = errInternal
	case a.Status == http.StatusUnprocessableEntity && e.Kind == desk.Permanent:
		e.Err = errRefused
		e.Detail += a.Quote(words)
	}
}
