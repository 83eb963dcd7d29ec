// Package oauth gets the access tokens of an app that a desk knows by id and secret (the client
// credentials of OAuth 2.0, RFC 6749 §4.4), and has a refused one replaced.
//
// A token is kept in memory alone. Neither it nor the secret is in any error: what was answered
// is never repeated, but for its status and an error code of RFC 6749.
package oauth

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// margin is how long before its end a token is replaced, unless it lives so short that a tenth
// of its life is less.
const margin = 5 * time.Minute

// App is who asks for tokens. It is safe for concurrent use; one caller at a time asks, and
// the others take what it got.
type App struct {
	Vendor   kit.Vendor
	Endpoint string // address of the token endpoint
	ID       string
	Secret   string
	Refused  string // sentence for an app that gets none: where an administrator looks

	turn  kit.Turn // whoever has it may look at what follows
	value string
	until time.Time // zero: not said
}

// Token is a [kit.Config.Token]: the one at hand, unless that is the refused one or near its
// end. Id and secret go in the form, as most desks take them.
func (a *App) Token(ctx context.Context, by *http.Client, refused string) (string, error) {
	done, err := a.turn.Take(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	if a.value != "" && a.value != refused && (a.until.IsZero() || time.Now().Before(a.until)) {
		return a.value, nil
	}
	source := clientcredentials.Config{ClientID: a.ID, ClientSecret: a.Secret, TokenURL: a.Endpoint, AuthStyle: oauth2.AuthStyleInParams}
	began := time.Now()
	fresh, err := source.Token(context.WithValue(ctx, oauth2.HTTPClient, by))
	if err != nil {
		return "", a.failed(err)
	}
	a.value, a.until = fresh.AccessToken, time.Time{}
	if !fresh.Expiry.IsZero() {
		life := fresh.Expiry.Sub(began)
		a.until = fresh.Expiry.Add(-min(margin, life/10))
	}
	return a.value, nil
}

// code is the form of an error code in a refusal (RFC 6749 §5.2).
var code = regexp.MustCompile(`^[a-z_]{1,40}$`)

// failed says why there is no token. It never wraps the answer: whoever sent that may have put
// the secret into it.
func (a *App) failed(err error) error {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return &desk.Error{Kind: desk.Retryable, Detail: a.Vendor.Name + " gives no access token", Err: kit.WithoutURL(err)}
	}
	status := refusal.Response.StatusCode
	said := "HTTP " + strconv.Itoa(status)
	if code.MatchString(refusal.ErrorCode) {
		said += " " + refusal.ErrorCode
	}
	switch {
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &desk.Error{Kind: desk.Unauthorized, Err: errors.New(said), Detail: a.Refused}
	case status >= 300 && status <= 399:
		return a.Vendor.Redirected(status)
	}
	return &desk.Error{Kind: desk.Retryable, Detail: a.Vendor.Name + " gives no access token now (" + said + ")",
		RetryAfter: kit.RetryAfter(refusal.Response.Header, time.Now())}
}
