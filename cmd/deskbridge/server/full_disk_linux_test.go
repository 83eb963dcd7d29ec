package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/provision"
)

// fullDisk names, to a process that a test has started, which kind of full disk
// it is on.
const fullDisk = "DESKBRIDGE_TEST_FULL_DISK"

// TestFullDisk fills the disk under a server: what does not fit is refused as
// something to try again, reading goes on, /readyz says no, and with room nothing
// that was acknowledged is missing. A process of its own may make no file longer,
// which needs no right and no mount; where a user may mount in a namespace of
// their own, another one is on a file system of a few megabytes.
func TestFullDisk(t *testing.T) {
	switch os.Getenv(fullDisk) {
	case "limit":
		ran(t, t.TempDir(), limitFiles)
		return
	case "tmpfs":
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=6m"); err != nil {
			fmt.Println("no mount:", err)
			return
		}
		t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
		ran(t, dir, fillDisk)
		return
	}
	for _, kind := range []string{"limit", "tmpfs"} {
		t.Run(kind, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
			cmd.Env = append(os.Environ(), fullDisk+"="+kind)
			if kind == "tmpfs" {
				cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
					UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
			}
			out, err := cmd.CombinedOutput()
			if kind == "tmpfs" && cmd.Process == nil {
				t.Logf("no namespace of one's own here (%v): the other kind has played", err)
				return
			}
			if err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// ran plays it in a data directory. full fills the disk but for some room, and
// returns what empties it.
func ran(t *testing.T, dir string, full func(t *testing.T, dir string) (empty func())) {
	sys := openedIn(t, dir)
	by := provision.Cause{Actor: "test", Action: "test"}
	conn, _, err := sys.Core.Settings.AddConnection(t.Context(), by, provision.Connection{Name: "acme", IdP: provision.IdPGeneric})
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	add := func() error {
		who := provision.Identity{UserName: fmt.Sprintf("p%d@example.test", made), Status: provision.StatusActive}
		_, _, err := sys.Core.Directory.CreateIdentity(t.Context(), conn.ID, by, who)
		if err == nil {
			made++
		}
		return err
	}
	ready := newReadiness(sys, func() error { return nil })
	status := func() int {
		ready.look(t.Context())
		if ready.err != nil {
			ready.wrote = time.Now().Add(-2 * lookLate) // it lasts
		}
		w := httptest.NewRecorder()
		ready.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
		return w.Code
	}
	if err := add(); err != nil || status() != http.StatusOK {
		t.Fatalf("with room: %v, %d", err, status())
	}
	empty := full(t, dir)
	for range 5000 {
		if err = add(); err != nil {
			break
		}
	}
	if !provision.IsUnavailable(err) {
		t.Errorf("a full disk: %v; want it to be unavailable", err)
	}
	for range 40 {
		if err := add(); err != nil && !provision.IsUnavailable(err) {
			t.Fatalf("once more: %v; want it to be unavailable", err)
		}
	}
	if got := status(); got != http.StatusServiceUnavailable {
		t.Errorf("/readyz is %d on a full disk", got)
	}
	count := func() (n int) {
		if err := sys.Store.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM identities`).Scan(&n); err != nil {
			t.Fatalf("reading: %v", err)
		}
		return n
	}
	if n := count(); n != made {
		t.Errorf("%d people are there, %d were acknowledged", n, made)
	}
	empty()
	if err := add(); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if got := status(); got != http.StatusOK {
		t.Errorf("/readyz is %d with room again (%v)", got, ready.err)
	}
	var sound string
	if err := sys.Store.DB().QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&sound); err != nil || sound != "ok" || count() != made {
		t.Errorf("integrity %q (%v), %d people of %d", sound, err, count(), made)
	}
	fmt.Println(made, "people")
}

// limitFiles keeps all files from growing by more than a little.
func limitFiles(t *testing.T, dir string) func() {
	signal.Ignore(syscall.SIGXFSZ) // then a write that is too long fails
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	longest := int64(0)
	for _, file := range files {
		if info, err := os.Stat(file); err == nil {
			longest = max(longest, info.Size())
		}
	}
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	set := func(l syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
			t.Fatal(err)
		}
	}
	set(syscall.Rlimit{Cur: uint64(longest) + 200_000, Max: before.Max})
	return func() { set(before) }
}

// fillDisk leaves a little of a small disk.
func fillDisk(t *testing.T, dir string) func() {
	var at syscall.Statfs_t
	if err := syscall.Statfs(dir, &at); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, int64(at.Bavail)*at.Bsize-200_000), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
	}
}
