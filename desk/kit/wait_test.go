package kit

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
)

func TestWait(t *testing.T) {
	if err := Wait(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the end of the context", err)
	}
}

func TestPatience(t *testing.T) {
	p := Patience{First: time.Millisecond, Most: 2 * time.Millisecond, Looks: 4}
	looks := 0
	after := func(n int, err error) func(context.Context) (bool, error) {
		looks = 0
		return func(context.Context) (bool, error) { looks++; return err == nil && looks >= n, err }
	}
	if done, err := p.Until(t.Context(), after(3, nil)); !done || err != nil || looks != 3 {
		t.Errorf("%t, %v after %d looks", done, err, looks)
	}
	if done, err := p.Until(t.Context(), after(5, nil)); done || err != nil || looks != 4 {
		t.Errorf("%t, %v after %d looks", done, err, looks)
	}
	if err := p.Job(t.Context(), Vendor{Name: "Desk"}, after(1, nil)); err != nil {
		t.Error(err)
	}
	wantKind(t, p.Job(t.Context(), Vendor{Name: "Desk"}, after(5, nil)), desk.Retryable, "Desk has not ended a job yet")
	if err := p.Job(t.Context(), Vendor{}, after(1, desk.Errorf(desk.NotFound, "no such job"))); err != nil || looks != 1 {
		t.Errorf("a job that is forgotten: %v after %d looks", err, looks)
	}
	wantKind(t, p.Job(t.Context(), Vendor{}, after(1, desk.Errorf(desk.Permanent, "no"))), desk.Permanent, "no")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.First = time.Hour
	if _, err := p.Until(ctx, after(2, nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the end of the context", err)
	}
}

func TestAppears(t *testing.T) {
	p := Patience{First: time.Nanosecond, Most: time.Nanosecond, Looks: 3}
	for there, want := range map[int]desk.Kind{1: "", 3: "", 4: desk.NotFound} {
		looks := 0
		got, err := Appears(t.Context(), p, "7", func(_ context.Context, id string) (string, error) {
			if looks++; looks < there {
				return "", desk.Errorf(desk.NotFound, "no user %s", id)
			}
			return "user " + id, nil
		})
		if want == "" && (got != "user 7" || err != nil) {
			t.Errorf("there at look %d: %q, %v", there, got, err)
		}
		if want != "" {
			wantKind(t, err, want, "no user 7")
		}
	}
	_, err := Appears(t.Context(), p, "7", func(context.Context, string) (string, error) { return "", desk.Errorf(desk.Permanent, "no") })
	wantKind(t, err, desk.Permanent, "no")
}
