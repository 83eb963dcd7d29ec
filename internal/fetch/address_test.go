package fetch

import (
	"net/netip"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	for _, tt := range []struct {
		addr string
		want bool
	}{
		{"8.8.8.8", true},
		{"172.15.255.255", true}, // beside 172.16.0.0/12
		{"100.63.255.255", true},
		{"2606:4700::1111", true},
		{"::ffff:8.8.8.8", true},
		{"64:ff9b::808:808", true}, // 8.8.8.8 on a network without IPv4

		{"0.0.0.0", false},
		{"0.1.2.3", false},
		{"10.1.2.3", false},
		{"100.64.0.1", false},
		{"100.100.100.200", false}, // Alibaba's metadata
		{"127.0.0.1", false},
		{"127.255.255.254", false},
		{"169.254.169.254", false},
		{"172.16.0.1", false},
		{"172.31.255.255", false},
		{"192.0.0.192", false}, // Oracle's metadata
		{"192.0.2.1", false},
		{"192.168.1.1", false},
		{"198.18.0.1", false},
		{"198.19.255.255", false},
		{"198.51.100.1", false},
		{"203.0.113.1", false},
		{"224.0.0.1", false},
		{"239.255.255.255", false},
		{"240.0.0.1", false},
		{"255.255.255.255", false},

		{"::", false},
		{"::1", false},
		{"::127.0.0.1", false}, // IPv4-compatible
		{"::ffff:127.0.0.1", false},
		{"::ffff:10.0.0.1", false},
		{"::ffff:169.254.169.254", false},
		{"::ffff:0:127.0.0.1", false},   // IPv4-translated
		{"64:ff9b::7f00:1", false},      // 127.0.0.1 through NAT64
		{"64:ff9b::a9fe:a9fe", false},   // 169.254.169.254 through NAT64
		{"64:ff9b:1::808:808", false},   // NAT64 of one network
		{"100::1", false},               // discard
		{"2001::1", false},              // Teredo
		{"2001:db8::1", false},          // documentation
		{"2002:7f00:1::1", false},       // 127.0.0.1 through 6to4
		{"3fff::1", false},              // documentation
		{"fc00::1", false},              // unique local
		{"fd00:ec2::254", false},        // AWS's metadata
		{"fe80::1", false},              // link-local
		{"fe80::1%eth0", false},         //
		{"2606:4700::1111%eth0", false}, // a zone where none belongs
		{"fec0::1", false},              // site-local
		{"ff02::1", false},              // multicast
	} {
		if got := public(netip.MustParseAddr(tt.addr)); got != tt.want {
			t.Errorf("public(%s) = %v, want %v", tt.addr, got, tt.want)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address is not a public one")
	}
}
