package scim

import (
	"fmt"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/internal/clientaddr"
)

// at returns the address of a client, as a server sees it.
func at(remote string) netip.Addr {
	return clientaddr.Proxies(nil).Of(&http.Request{RemoteAddr: remote})
}

func TestFailuresAreCountedForEachAddress(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	f := newFailures(func() time.Time { return now })
	fail := func(remote string) time.Duration { return f.wait(at(remote)) }
	for n := range failuresAtOnce {
		if delay := fail("192.0.2.1:40000"); delay > 0 {
			t.Fatalf("failure %d has to wait %v", n, delay)
		}
	}
	for remote, want := range map[string]bool{
		"192.0.2.1:40001":          true, // another port, the same client
		"[::ffff:192.0.2.1]:40000": true, // the same in IPv6
		"192.0.2.2:40000":          false,
		"[2001:db8::1]:40000":      false,
		"nonsense":                 false,
	} {
		if delay := fail(remote); (delay > 0) != want {
			t.Errorf("%s has to wait %v", remote, delay)
		}
	}
	now = now.Add(time.Second)
	for range failuresPerSecond {
		if delay := fail("192.0.2.1:40000"); delay > 0 {
			t.Errorf("a second later it has to wait %v", delay)
		}
	}
	if delay := fail("192.0.2.1:40000"); delay <= 0 {
		t.Error("a second gave it more than it should")
	}
}

func TestOneNetworkOfIPv6IsOneClient(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	f := newFailures(func() time.Time { return now })
	for n := range failuresAtOnce {
		f.wait(at(fmt.Sprintf("[2001:db8::%x]:1", n)))
	}
	if f.wait(at("[2001:db8::ffff:1]:1")) <= 0 {
		t.Error("an address of the same /64 may go on")
	}
	if f.wait(at("[2001:db8:0:1::1]:1")) > 0 {
		t.Error("an address of another /64 has to wait")
	}
}

func TestFailuresTakeBoundedMemory(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	f := newFailures(func() time.Time { return now })
	for range failuresAtOnce {
		f.wait(at("192.0.2.1:1"))
		f.wait(at("192.0.2.2:1"))
	}
	if f.wait(at("192.0.2.2:1")) <= 0 {
		t.Error("too many failures do not have to wait")
	}
	for n := range 100_000 {
		f.wait(at(fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255)))
		if n%1000 == 0 && f.wait(at("192.0.2.1:1")) <= 0 {
			t.Fatalf("after %d other addresses, one that goes on failing was forgotten", n)
		}
	}
	for n := range maxAddresses {
		f.wait(at(fmt.Sprintf("11.0.%d.%d:1", n>>8, n&255)))
	}
	for _, quiet := range []string{"192.0.2.1:1", "192.0.2.2:1"} {
		if f.wait(at(quiet)) > 0 {
			t.Errorf("after %d other addresses, %s is still kept", maxAddresses, quiet)
		}
	}
}
