package breakglass_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestOneTimeCodesAreNotGuessed has somebody who knows the password try codes:
// soon no one-time code is taken any more, while the break-glass admin gets in by a recovery
// code. Others, who do not know it, can keep nobody from anything.
func TestOneTimeCodesAreNotGuessed(t *testing.T) {
	const password = "correct horse battery"
	h := provisiontest.New(t, storetest.SQLite(t))
	h.StopClock()
	o, enrolled, err := h.Core.BreakGlass.Add(h.Context(), provisiontest.ByTest, "owner", password)
	h.Must(err)
	try := func(password, code string) error {
		_, err := h.Core.BreakGlass.SignIn(h.Context(), provisiontest.ByTest, "owner", password, code)
		return err
	}
	code := func() string {
		text, err := totp.GenerateCode(o.Secret, h.Now())
		h.Must(err)
		return text
	}
	for range 12 {
		h.Code(try("somebody's guess", "000000"), provision.Denied)
	}
	h.Must(try(password, code()))
	for range 10 {
		h.Code(try(password, "none"), provision.Denied)
	}
	h.Offset.Add(int64(time.Minute)) // a new code; an hour's worth of guesses is not there yet
	h.Code(try(password, code()), provision.Denied)
	h.Must(try(password, enrolled.Codes[0]))
	h.Offset.Add(int64(time.Hour))
	h.Must(try(password, code()))
}

// TestNoCrowdKeepsAnAdminWaiting has strangers queue for having their passwords
// checked: a break-glass admin with a recovery code does not queue with them.
func TestNoCrowdKeepsAnAdminWaiting(t *testing.T) {
	const password, crowd = "correct horse battery", 16
	h := provisiontest.New(t, storetest.SQLite(t))
	_, enrolled, err := h.Core.BreakGlass.Add(h.Context(), provisiontest.ByTest, "owner", password)
	h.Must(err)
	var served atomic.Int64
	var strangers sync.WaitGroup
	for range crowd {
		strangers.Go(func() {
			_, err := h.Core.BreakGlass.SignIn(h.Context(), provisiontest.ByTest, "owner", "a guess", "000000")
			h.Code(err, provision.Denied)
			served.Add(1)
		})
	}
	for served.Load() == 0 { // they are all there
		time.Sleep(time.Millisecond)
	}
	_, err = h.Core.BreakGlass.SignIn(h.Context(), provisiontest.ByTest, "owner", password, enrolled.Codes[0])
	h.Must(err)
	if n := served.Load(); n == crowd {
		t.Errorf("all %d strangers came first", n)
	}
	strangers.Wait()

	gone, cancel := context.WithCancel(h.Context())
	cancel()
	if _, err := h.Core.BreakGlass.SignIn(gone, provisiontest.ByTest, "owner", "a guess", "000000"); !errors.Is(err, context.Canceled) {
		t.Errorf("somebody who has gone waits: %v", err)
	}
}

// TestTheFirstAdminIsOne has two come at once, each with an address of their own
// that makes the first admin.
func TestTheFirstAdminIsOne(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		var made atomic.Int64
		var all sync.WaitGroup
		for i := range 2 {
			all.Go(func() {
				_, _, err := h.Core.BreakGlass.AddFirst(h.Context(), provisiontest.ByTest, "owner-"+strconv.Itoa(i), "correct horse battery")
				if err == nil {
					made.Add(1)
					return
				}
				h.Code(err, provision.Denied)
			})
		}
		all.Wait()
		if admins, err := h.Core.BreakGlass.Admins(h.Context()); made.Load() != 1 || err != nil || len(admins) != 1 {
			h.Errorf("%d were the first: %v, %v", made.Load(), admins, err)
		}
	})
}

func TestAdmins(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		const password = "correct horse battery"
		h.StopClock()
		_, _, err := h.Core.BreakGlass.Add(h.Context(), provisiontest.ByTest, "owner", "short")
		h.Code(err, provision.Invalid)
		o, enrolled, err := h.Core.BreakGlass.Add(h.Context(), provisiontest.ByTest, "owner", password)
		h.Must(err)
		_, _, err = h.Core.BreakGlass.Add(h.Context(), provisiontest.ByTest, "owner", password)
		h.Code(err, provision.Conflict)
		if strings.Contains(o.Password, password) || len(enrolled.Codes) != 8 {
			t.Errorf("enrolled %+v", enrolled)
		}
		code := func() string {
			text, err := totp.GenerateCode(o.Secret, h.Now())
			h.Must(err)
			return text
		}
		wrong := func(name, password, code string) {
			h.Helper()
			_, err := h.Core.BreakGlass.SignIn(h.Context(), provisiontest.ByTest, name, password, code)
			h.Code(err, provision.Denied)
		}
		wrong("owner", "wrong password", code())
		wrong("owner", password, "000000000")
		wrong("owner", password, "")
		wrong("nobody", password, code())
		first, err := h.Core.BreakGlass.SignIn(h.Context(), provisiontest.ByTest, "owner", password, code())
		h.Must(err)
		wrong("owner", password, code()) // the same code again
		second, err := h.Core.BreakGlass.SignIn(h.Context(), provisiontest.ByTest, "owner", password, strings.ToUpper(enrolled.Codes[3]))
		h.Must(err)
		wrong("owner", password, enrolled.Codes[3])
		if who, err := h.Core.BreakGlass.Session(h.Context(), first); err != nil || who.ID != o.ID || len(who.Recovery) != 7 {
			t.Errorf("session: %+v, %v", who, err)
		}
		h.Must(h.Core.BreakGlass.SignOut(h.Context(), first))
		_, err = h.Core.BreakGlass.Session(h.Context(), first)
		h.Code(err, provision.Denied)
		h.Offset.Add(int64(61 * time.Minute))
		_, err = h.Core.BreakGlass.Session(h.Context(), second)
		h.Code(err, provision.Denied)
		third, err := h.Core.BreakGlass.SignIn(h.Context(), provisiontest.ByTest, "owner", password, code())
		h.Must(err)
		h.Must(h.Core.BreakGlass.Remove(h.Context(), provisiontest.ByTest, "owner"))
		_, err = h.Core.BreakGlass.Session(h.Context(), third)
		h.Code(err, provision.Denied)
	})
}
