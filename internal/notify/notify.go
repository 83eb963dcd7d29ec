// Package notify brings alarms to people: by mail (RFC 5321, through one mail server
// that the settings name) and by webhooks in the form of Standard Webhooks.
//
// It decides neither what is told nor how often: that is provision/alarm. Its errors
// are for people, and hold neither addresses that may be secrets nor passwords.
package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/wneessen/go-mail"

	"github.com/deskbridge/deskbridge/internal/fetch"
	"github.com/deskbridge/deskbridge/provision/alarm"
)

// mailTime bounds one exchange with the mail server.
const mailTime = 15 * time.Second

// Sender sends alarms. It is safe for concurrent use.
type Sender struct {
	client *http.Client
	server *url.URL
	from   string
}

// New returns a Sender. Webhooks are posted by client, which should be that of package
// fetch. Mail goes from an address to server, smtp://USER:PASSWORD@HOST:PORT with
// STARTTLS or smtps://; nil: there is none. Without TLS only a server on this machine is
// spoken to.
func New(client *http.Client, server *url.URL, from string) *Sender {
	return &Sender{client: client, server: server, from: from}
}

// Send implements [alarm.Sender].
func (s *Sender) Send(ctx context.Context, t *alarm.Target, d *alarm.Delivery) error {
	if t.Kind == alarm.Mail {
		return s.mail(ctx, t, d)
	}
	return s.post(ctx, t, d)
}

func (s *Sender) post(ctx context.Context, t *alarm.Target, d *alarm.Delivery) error {
	signer, err := standardwebhooks.NewWebhook(t.Secret)
	if err != nil {
		return errors.New("the secret of this target cannot be read; remove it and add it again")
	}
	now := time.Now() // of this try: the receiver compares it with its own
	signature, err := signer.Sign(string(d.ID), now, []byte(d.Body))
	if err != nil {
		return errors.New("the message cannot be signed")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.Address, strings.NewReader(d.Body))
	if err != nil {
		return errors.New("the address of this target cannot be read; remove it and add it again")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "Deskbridge")
	req.Header.Set(standardwebhooks.HeaderWebhookID, string(d.ID))
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := s.client.Do(req)
	if err != nil {
		return withoutURL(err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, fetch.MaxBytes)) //nolint:errcheck // only so that the connection is used again
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode <= 299:
		return nil
	case resp.StatusCode == http.StatusGone:
		return fmt.Errorf("HTTP 410: %w; remove the target", alarm.ErrRefused)
	}
	return fmt.Errorf("the receiver answered HTTP %d", resp.StatusCode)
}

// withoutURL returns an error of an exchange without the address, whose path may be a
// secret.
func withoutURL(err error) error {
	if of, ok := errors.AsType[*url.Error](err); ok {
		err = of.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("the receiver has not answered in time")
	}
	return err
}

func (s *Sender) mail(ctx context.Context, t *alarm.Target, d *alarm.Delivery) error {
	if s.server == nil {
		return errors.New("no mail server is known; set DESKBRIDGE_SMTP_URL and DESKBRIDGE_MAIL_FROM")
	}
	m := mail.NewMsg()
	if err := errors.Join(m.From(s.from), m.To(t.Address)); err != nil {
		return errors.New("the address that mail is from, or goes to, is none")
	}
	m.Subject(d.Subject())
	m.SetDateWithValue(d.At)
	m.SetMessageIDWithValue(string(d.ID) + "@" + s.from[strings.LastIndexByte(s.from, '@')+1:]) // the same at every try
	m.SetGenHeader("Auto-Submitted", "auto-generated")                                          // RFC 3834 §5
	m.SetBodyString(mail.TypeTextPlain, d.Mail())
	options := []mail.Option{mail.WithTimeout(mailTime), mail.WithTLSPolicy(mail.TLSMandatory)}
	switch {
	case s.server.Scheme == "smtps":
		options = append(options, mail.WithSSLPort(false))
	case isLoopback(s.server.Hostname()):
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if port, err := strconv.Atoi(s.server.Port()); err == nil {
		options = append(options, mail.WithPort(port))
	}
	if password, ok := s.server.User.Password(); ok {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(s.server.User.Username()), mail.WithPassword(password))
	}
	client, err := mail.NewClient(s.server.Hostname(), options...)
	if err != nil {
		return fmt.Errorf("the mail server cannot be used: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		return fmt.Errorf("the mail server did not take it: %w", err)
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
