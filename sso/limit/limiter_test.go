package limit

import (
	"net/netip"
	"testing"
	"time"
)

// TestLimitsTakeBoundedMemory counts more addresses than are remembered.
func TestLimitsTakeBoundedMemory(t *testing.T) {
	l := New[netip.Addr](1, 1, 100, time.Now)
	at := netip.MustParseAddr("10.0.0.0")
	for range 1000 {
		at = at.Next()
		l.Allow(at)
	}
	if n := l.by.Len(); n != 100 {
		t.Errorf("%d addresses are remembered, want 100", n)
	}
}
