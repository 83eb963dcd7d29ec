package auditlog

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// entryLine, blockLine and headLine are the lines of the format jsonl
// (docs/audit.md gives the form of the hashes).
type entryLine struct {
	ID         int64          `json:"id"`
	At         time.Time      `json:"at"`
	Connection string         `json:"connection,omitempty"`
	Actor      string         `json:"actor"`
	Cause      string         `json:"cause"`
	Request    string         `json:"request,omitempty"`
	Action     string         `json:"action"`
	Subject    string         `json:"subject"`
	Desk       string         `json:"desk,omitempty"`
	Account    string         `json:"account,omitempty"`
	Detail     map[string]any `json:"detail"`
	Seal       int64          `json:"seal,omitempty"`
	Hash       string         `json:"hash,omitempty"`
}

type blockLine struct {
	Block    int64     `json:"block"`
	First    int64     `json:"first"`
	Last     int64     `json:"last"`
	Entries  int       `json:"entries"`
	SealedAt time.Time `json:"sealed_at"`
	Late     string    `json:"late"`
	Missing  string    `json:"missing"`
	Hash     string    `json:"hash"`
}

type headLine struct {
	Head       string      `json:"head"`
	Entries    int         `json:"entries"`
	ExportedAt time.Time   `json:"exported_at"`
	Only       *filterLine `json:"only,omitempty"` // a part of the log
}

type filterLine struct {
	Subject string             `json:"subject,omitempty"`
	Actions []provision.Action `json:"actions,omitempty"`
	Since   *time.Time         `json:"since,omitempty"`
	Until   *time.Time         `json:"until,omitempty"`
}

// lines is the format jsonl.
type lines struct {
	enc  *json.Encoder
	only *filterLine
}

func newLines(w io.Writer, f audit.Filter, subject string) *lines {
	l := &lines{enc: json.NewEncoder(w)}
	l.enc.SetEscapeHTML(false)
	if f.Subject = subject; !f.Empty() {
		l.only = &filterLine{Subject: subject, Actions: f.Actions}
		if !f.Since.IsZero() {
			l.only.Since = &f.Since
		}
		if !f.Until.IsZero() {
			l.only.Until = &f.Until
		}
	}
	return l
}

func (l *lines) entry(_ context.Context, e provision.Entry) error {
	return l.enc.Encode(entryLine{ID: e.ID, At: e.At, Connection: string(e.Connection), Actor: e.Cause.Actor, Cause: e.Cause.Action,
		Request: e.Cause.Request, Action: string(e.Action), Subject: e.Subject, Desk: string(e.Desk), Account: string(e.Account),
		Detail: e.Detail, Seal: e.Seal, Hash: hex.EncodeToString(e.Hash)})
}

func (l *lines) block(b audit.Block) error {
	return l.enc.Encode(blockLine{b.Number, b.First, b.Last, b.Entries, b.At, b.Late.String(), b.Missing.String(), hex.EncodeToString(b.Hash)})
}

func (l *lines) end(head string, entries int, now time.Time) error {
	return l.enc.Encode(headLine{head, entries, now.UTC().Truncate(time.Second), l.only})
}

// table is the format csv (RFC 4180, with a header).
type table struct {
	to    *output.CSV
	names *names
}

var header = []string{"id", "at", "what", "actor", "action", "subject", "subject_name", "connection", "desk", "account", "cause", "request", "detail"}

func newTable(w io.Writer, n *names) (*table, error) {
	to, err := output.NewCSV(w, header...)
	return &table{to, n}, err
}

func (t *table) entry(ctx context.Context, e provision.Entry) error {
	what, err := t.names.sentence(ctx, e)
	if err != nil {
		return err
	}
	name, err := t.names.name(ctx, e.Connection, e.Subject)
	if err != nil {
		return err
	}
	detail, err := json.Marshal(e.Detail)
	if err != nil {
		return err
	}
	return t.to.Row(strconv.FormatInt(e.ID, 10), e.At.Format(time.RFC3339Nano), what, e.Cause.Actor, string(e.Action), e.Subject, name,
		t.names.Connection(e.Connection), t.names.DeskName(e.Desk), string(e.Account), e.Cause.Action, e.Cause.Request, string(detail))
}

func (t *table) block(audit.Block) error { return nil }

func (t *table) end(head string, _ int, now time.Time) error {
	row := make([]string, len(header))
	row[1], row[2] = now.UTC().Format(time.RFC3339), "end of the export; head of the log "+head
	if err := t.to.Row(row...); err != nil {
		return err
	}
	return t.to.End()
}

// text is the format text: a sentence a line.
type text struct {
	w     io.Writer
	names *names
}

func (t *text) entry(ctx context.Context, e provision.Entry) error {
	what, err := t.names.sentence(ctx, e)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.w, "%s  #%d  %s\n", e.At.UTC().Format("2006-01-02 15:04:05.000Z"), e.ID, output.Plain(what))
	return err
}

func (t *text) block(audit.Block) error { return nil }

func (t *text) end(head string, entries int, now time.Time) error {
	_, err := fmt.Fprintf(t.w, "%s  %d entries; head of the log %s\n", now.UTC().Format("2006-01-02 15:04:05.000Z"), entries, head)
	return err
}

// Problems prints what is wrong with the log, a line each.
func Problems(w io.Writer, r audit.Report) error {
	for _, p := range r.Problems {
		if _, err := fmt.Fprintln(w, "✗", output.Plain(p)); err != nil {
			return err
		}
	}
	return nil
}
