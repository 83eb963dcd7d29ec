package helpscout

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
	"golang.org/x/sync/semaphore"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// tokenMargin is how long before its end a token is replaced, unless it lives
// so short that a tenth of its life is less.
const tokenMargin = 5 * time.Minute

// tokens keeps an access token in memory. One lasts 48 hours, and there is no
// refresh token in the client credentials flow: a new one is asked for. It is
// safe for concurrent use.
type tokens struct {
	source clientcredentials.Config
	http   *http.Client

	lock  *semaphore.Weighted // whoever holds it may look at what follows
	value string
	until time.Time // zero: not said
}

func newTokens(endpoint, appID, appSecret string, client *http.Client) *tokens {
	return &tokens{
		// Parameters in a form: of the ways that the documentation names it is
		// the one that others report to work.
		source: clientcredentials.Config{ClientID: appID, ClientSecret: appSecret, TokenURL: endpoint, AuthStyle: oauth2.AuthStyleInParams},
		http:   client,
		lock:   semaphore.NewWeighted(1),
	}
}

// get returns a token that is not refused: the one at hand, unless that is the
// refused one or near its end.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	if err := t.lock.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer t.lock.Release(1)
	if t.value != "" && t.value != refused && (t.until.IsZero() || time.Now().Before(t.until)) {
		return t.value, nil
	}
	began := time.Now()
	fresh, err := t.source.Token(context.WithValue(ctx, oauth2.HTTPClient, t.http))
	if err != nil {
		return "", tokenError(err)
	}
	t.value, t.until = fresh.AccessToken, time.Time{}
	if !fresh.Expiry.IsZero() {
		life := fresh.Expiry.Sub(began)
		t.until = fresh.Expiry.Add(-min(tokenMargin, life/10))
	}
	return t.value, nil
}

// oauthCode is the form of an error code in a refusal (RFC 6749 §5.2).
var oauthCode = regexp.MustCompile(`^[a-z_]{1,40}$`)

// tokenError says why there is no token. It never wraps the answer: whoever
// sent that may have put the secret into it.
func tokenError(err error) error {
	refusal, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return &desk.Error{Kind: desk.Retryable, Detail: "Help Scout gives no access token", Err: kit.WithoutURL(err)}
	}
	status := refusal.Response.StatusCode
	said := "HTTP " + strconv.Itoa(status)
	if oauthCode.MatchString(refusal.ErrorCode) {
		said += " " + refusal.ErrorCode
	}
	switch {
	case status == http.StatusBadRequest, status == http.StatusUnauthorized, status == http.StatusForbidden:
		return &desk.Error{Kind: desk.Unauthorized, Err: errors.New(said),
			Detail: "Help Scout refuses the App ID or the App Secret, or the user who owns the app is not active; see Your Profile > My Apps of that user"}
	case status >= 300 && status <= 399:
		return vendor.Redirected(status)
	}
	return &desk.Error{Kind: desk.Retryable, Detail: "Help Scout gives no access token now (" + said + ")",
		RetryAfter: kit.RetryAfter(refusal.Response.Header, time.Now())}
}
