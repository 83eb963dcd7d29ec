package provision_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestOneTimeCodesAreNotGuessed has somebody who knows the password try codes:
// soon no one-time code is taken any more, while the owner gets in by a recovery
// code. Others, who do not know it, can keep nobody from anything.
func TestOneTimeCodesAreNotGuessed(t *testing.T) {
	const password = "correct horse battery"
	h := newHouse(t, storetest.SQLite(t))
	h.stopClock()
	o, enrolled, err := h.core.AddOwner(h.Context(), byTest, "owner", password)
	h.must(err)
	try := func(password, code string) error {
		_, err := h.core.OwnerSignIn(h.Context(), byTest, "owner", password, code)
		return err
	}
	code := func() string {
		text, err := totp.GenerateCode(o.Secret, h.now())
		h.must(err)
		return text
	}
	for range 12 {
		h.code(try("somebody's guess", "000000"), provision.Denied)
	}
	h.must(try(password, code()))
	for range 10 {
		h.code(try(password, "none"), provision.Denied)
	}
	h.offset.Add(int64(time.Minute)) // a new code; an hour's worth of guesses is not there yet
	h.code(try(password, code()), provision.Denied)
	h.must(try(password, enrolled.Codes[0]))
	h.offset.Add(int64(time.Hour))
	h.must(try(password, code()))
}

// TestNoCrowdKeepsAnOwnerWaiting has strangers queue for having their passwords
// checked: an owner with a recovery code does not queue with them.
func TestNoCrowdKeepsAnOwnerWaiting(t *testing.T) {
	const password, crowd = "correct horse battery", 16
	h := newHouse(t, storetest.SQLite(t))
	_, enrolled, err := h.core.AddOwner(h.Context(), byTest, "owner", password)
	h.must(err)
	var served atomic.Int64
	var strangers sync.WaitGroup
	for range crowd {
		strangers.Go(func() {
			_, err := h.core.OwnerSignIn(h.Context(), byTest, "owner", "a guess", "000000")
			h.code(err, provision.Denied)
			served.Add(1)
		})
	}
	for served.Load() == 0 { // they are all there
		time.Sleep(time.Millisecond)
	}
	_, err = h.core.OwnerSignIn(h.Context(), byTest, "owner", password, enrolled.Codes[0])
	h.must(err)
	if n := served.Load(); n == crowd {
		t.Errorf("all %d strangers came first", n)
	}
	strangers.Wait()

	gone, cancel := context.WithCancel(h.Context())
	cancel()
	if _, err := h.core.OwnerSignIn(gone, byTest, "owner", "a guess", "000000"); !errors.Is(err, context.Canceled) {
		t.Errorf("somebody who has gone waits: %v", err)
	}
}

func TestOwners(t *testing.T) {
	each(t, func(h *house) {
		const password = "correct horse battery"
		h.stopClock()
		_, _, err := h.core.AddOwner(h.Context(), byTest, "owner", "short")
		h.code(err, provision.Invalid)
		o, enrolled, err := h.core.AddOwner(h.Context(), byTest, "owner", password)
		h.must(err)
		_, _, err = h.core.AddOwner(h.Context(), byTest, "owner", password)
		h.code(err, provision.Conflict)
		if strings.Contains(o.Password, password) || len(enrolled.Codes) != 8 {
			t.Errorf("enrolled %+v", enrolled)
		}
		code := func() string {
			text, err := totp.GenerateCode(o.Secret, h.now())
			h.must(err)
			return text
		}
		wrong := func(name, password, code string) {
			h.Helper()
			_, err := h.core.OwnerSignIn(h.Context(), byTest, name, password, code)
			h.code(err, provision.Denied)
		}
		wrong("owner", "wrong password", code())
		wrong("owner", password, "000000000")
		wrong("owner", password, "")
		wrong("nobody", password, code())
		first, err := h.core.OwnerSignIn(h.Context(), byTest, "owner", password, code())
		h.must(err)
		wrong("owner", password, code()) // the same code again
		second, err := h.core.OwnerSignIn(h.Context(), byTest, "owner", password, strings.ToUpper(enrolled.Codes[3]))
		h.must(err)
		wrong("owner", password, enrolled.Codes[3])
		if who, err := h.core.OwnerSession(h.Context(), first); err != nil || who.ID != o.ID || len(who.Recovery) != 7 {
			t.Errorf("session: %+v, %v", who, err)
		}
		h.must(h.core.OwnerSignOut(h.Context(), first))
		_, err = h.core.OwnerSession(h.Context(), first)
		h.code(err, provision.Denied)
		h.offset.Add(int64(61 * time.Minute))
		_, err = h.core.OwnerSession(h.Context(), second)
		h.code(err, provision.Denied)
		third, err := h.core.OwnerSignIn(h.Context(), byTest, "owner", password, code())
		h.must(err)
		h.must(h.core.RemoveOwner(h.Context(), byTest, "owner"))
		_, err = h.core.OwnerSession(h.Context(), third)
		h.code(err, provision.Denied)
	})
}
