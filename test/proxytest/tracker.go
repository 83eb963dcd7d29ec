package proxytest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/deskbridge/deskbridge/test/processtest"
	"github.com/deskbridge/deskbridge/test/servicetest"
)

// trackerProgram is Debian's.
const trackerProgram = "/usr/share/request-tracker5/libexec/rt-server.fcgi"

// Tracker is a second server of a Request Tracker that runs already: the same
// tickets and people, but it takes the word of the web server before it for who
// somebody is.
type Tracker struct {
	Address string // where it speaks FastCGI: host:port
}

// trackerConfig is what differs from the instance that runs already. Everybody
// who is there comes through the proxy, at its address.
const trackerConfig = `do '%[1]s/RT_SiteConfig.pm' or die;
Set($WebDomain, '%[2]s');
Set($WebPort, %[3]s);
Set($WebBaseURL, 'http://%[2]s:%[3]s');
Set($WebRemoteUserAuth, 1);
Set($WebRemoteUserContinuous, 1);
Set($WebRemoteUserAutocreate, 0);
$RT::MasonDataDir = '%[4]s/mason';
$RT::MasonSessionDir = '%[4]s/sessions';
1;
`

// NewTracker starts one on the data of the instance in the folder instance,
// which browsers see at the address public, until the test ends.
func NewTracker(t *testing.T, instance, public string) *Tracker {
	t.Helper()
	servicetest.Need(t)
	owner := ownerOf(t, instance)
	dir := folderFor(t, owner)
	host, port, err := net.SplitHostPort(public)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "RT_SiteConfig.pm")
	if err := os.WriteFile(config, fmt.Appendf(nil, trackerConfig, instance, host, port, dir), 0o644); err != nil {
		t.Fatal(err)
	}

	// It takes over a socket as its standard input (FastCGI 1.0 §2.2).
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	if err := listener.Close(); err != nil { // socket stays open
		t.Fatal(err)
	}
	server := &processtest.Server{Name: "Request Tracker", Command: func() *exec.Cmd {
		cmd := exec.Command(trackerProgram)
		cmd.Dir, cmd.Stdin = dir, socket
		cmd.Env = append(os.Environ(), "RT_SITE_CONFIG="+config, "RT_SITE_CONFIG_DIR="+filepath.Join(dir, "config.d"))
		if os.Getuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &owner}
		}
		return cmd
	}}
	server.Start(t)
	return &Tracker{Address: listener.Addr().String()}
}

// ownerOf returns who owns a folder: only they may write to its database.
func ownerOf(t *testing.T, folder string) syscall.Credential {
	t.Helper()
	info, err := os.Stat(folder)
	if err != nil {
		t.Fatal(err)
	}
	stat := info.Sys().(*syscall.Stat_t)
	return syscall.Credential{Uid: stat.Uid, Gid: stat.Gid}
}

// folderFor makes a folder that owner can use: those of the test are closed to
// others.
func folderFor(t *testing.T, owner syscall.Credential) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "deskbridge-tracker-") //nolint:usetesting // t.TempDir lies below a folder that is closed to the owner
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, path := range []string{dir, filepath.Join(dir, "mason"), filepath.Join(dir, "sessions"), filepath.Join(dir, "config.d")} {
		if err := os.MkdirAll(path, 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(path, int(owner.Uid), int(owner.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
