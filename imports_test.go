// Package deskbridge_test holds what is true of the module as a whole: who may
// import whom. The core knows nobody, the edges know the core, and only cmd
// knows everybody.
package deskbridge_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const module = "github.com/deskbridge/deskbridge"

// layer is one line of the import rule.
type layer struct {
	dir string   // a folder and what is below it; "desk/*" is every folder in desk, each by itself
	may []string // which other layers it may import; "*": all
	not []string // import paths, with what is below them, that it must not know

	exact bool // the folder alone: each one below needs a line of its own
	free  bool // owners do not count
}

// anything is what a layer may import when there is no limit.
const anything = "*"

var layers = []layer{
	// How the options of a protocol are spelled is said once, for access.yaml, the
	// database and the code: so everybody may know provision/protocol, which knows nobody.
	{dir: "provision/protocol", not: []string{"net/http", "database/sql"}},
	{dir: "provision/seating", not: []string{"net/http", "database/sql"}},
	{dir: "provision/validity", may: []string{"provision/seating"}, not: []string{"net/http", "database/sql"}},
	// Who keeps a field of a profile is said once, too.
	{dir: "provision/keeping", not: []string{"net/http", "database/sql"}},
	{dir: "provision/profile", may: []string{"provision", "provision/keeping"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision", may: []string{"provision/handover", "provision/keeping", "provision/leave", "provision/protocol", "provision/seating", "provision/validity"}, not: []string{"net/http", "database/sql"}, exact: true},
	// What a desk does with leavers is said once, too.
	{dir: "provision/leave", not: []string{"net/http", "database/sql"}},
	{dir: "provision/handover", not: []string{"net/http", "database/sql"}},
	{dir: "provision/audit", may: []string{"provision", "internal/requestlog"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/entitlement", may: []string{"provision", "provision/audit", "provision/leave", "internal/requestlog"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/erasure", may: []string{"provision", "provision/audit"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/session", may: []string{"provision", "provision/audit"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/directory", may: []string{"provision", "provision/audit", "provision/entitlement", "provision/session", "provision/validity"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/expiry", may: []string{"provision", "provision/audit", "provision/entitlement", "provision/session", "provision/validity", "internal/backoff"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/signin", may: []string{"provision", "provision/audit", "provision/credential", "provision/directory", "provision/entitlement", "provision/expiry", "provision/session"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/breakglass", may: []string{"provision", "provision/audit", "provision/session", "internal/ratelimit"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/administration", may: []string{"provision", "provision/audit", "provision/entitlement"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/desksession", may: []string{"provision", "provision/audit"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/evidence", may: []string{"provision"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/deskwrite", may: []string{"provision", "provision/audit"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/reconcile", may: []string{"provision", "provision/audit", "provision/deskwrite", "provision/entitlement", "provision/evidence", "provision/leave", "provision/secondadmin", "internal/backoff", "internal/share"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/deskhealth", may: []string{"provision", "provision/audit", "provision/entitlement", "provision/reconcile", "internal/backoff"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/byhand", may: []string{"provision", "provision/audit", "provision/entitlement", "provision/leave"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/credential", may: []string{"provision", "provision/audit", "internal/recent"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/settings", may: []string{"provision", "provision/audit", "provision/credential", "provision/entitlement", "provision/leave", "provision/protocol", "provision/seating", "provision/session", "internal/recent", "internal/spelling"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/plan/secrets", may: []string{"provision"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/plan", may: []string{"provision", "provision/audit", "provision/credential", "provision/deskhealth", "provision/entitlement", "provision/expiry", "provision/keeping", "provision/leave", "provision/plan/secrets", "provision/profile", "provision/reconcile", "provision/report", "provision/seating", "provision/secondadmin", "provision/settings", "internal/spelling"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/explanation", may: []string{"provision", "provision/entitlement", "provision/profile", "provision/seating", "provision/settings", "internal/spelling"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/report", may: []string{"provision", "provision/audit", "provision/leave", "internal/spelling"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/alarm", may: []string{"provision", "provision/audit", "provision/plan"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/adoption", may: []string{"provision", "provision/audit", "provision/entitlement", "provision/reconcile"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/secondadmin", may: []string{"provision", "provision/audit"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/approval", may: []string{"provision", "provision/audit", "provision/entitlement"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/seat", may: []string{"provision", "provision/audit", "provision/entitlement", "provision/reconcile", "provision/seating", "provision/settings"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/leavestep", may: []string{"provision", "provision/entitlement"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/terms", may: []string{"provision", "provision/audit", "provision/entitlement", "provision/session"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/offboarding", may: []string{"provision", "provision/audit", "provision/deskhealth", "provision/desksession", "provision/handover", "provision/reconcile", "provision/settings"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/setuplink", may: []string{"provision", "provision/audit", "provision/credential", "provision/session"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/request", may: []string{"provision", "internal/requestlog"}, not: []string{"net/http", "database/sql"}},
	{dir: "provision/removal", may: []string{"provision", "provision/audit", "provision/credential", "provision/entitlement", "provision/secondadmin", "provision/session", "provision/settings"}, not: []string{"net/http", "database/sql"}},

	{dir: "internal/backoff", not: []string{"net/http", "database/sql"}},
	{dir: "internal/condition", not: []string{"net/http", "database/sql"}},
	{dir: "internal/clientaddr", not: []string{"database/sql"}},
	{dir: "internal/decimal", not: []string{"net/http", "database/sql"}},
	{dir: "internal/fetch", not: []string{"database/sql"}},
	{dir: "internal/lingering", not: []string{"database/sql"}},
	{dir: "internal/ratelimit", not: []string{"net/http", "database/sql"}},
	{dir: "internal/recent", not: []string{"net/http", "database/sql"}},
	{dir: "internal/requestlog", not: []string{"net/http", "database/sql"}},
	{dir: "internal/quietlog", not: []string{"net/http", "database/sql"}},
	{dir: "internal/notify", may: []string{"provision/alarm", "internal/fetch"}, not: []string{"database/sql"}},
	{dir: "internal/share", not: []string{"net/http", "database/sql"}},
	{dir: "internal/spelling", not: []string{"net/http", "database/sql"}},
	{dir: "internal/core", may: []string{"provision", "provision/administration", "provision/adoption", "provision/alarm", "provision/approval", "provision/audit", "provision/breakglass", "provision/byhand", "provision/credential", "provision/deskhealth", "provision/desksession", "provision/directory", "provision/entitlement", "provision/erasure", "provision/expiry", "provision/explanation", "provision/leavestep", "provision/offboarding", "provision/plan", "provision/reconcile", "provision/removal", "provision/report", "provision/request", "provision/seat", "provision/secondadmin", "provision/session", "provision/settings", "provision/setuplink", "provision/signin", "provision/terms", "store", "internal/condition"}, not: []string{"net/http", "database/sql"}},

	{dir: "scim", may: []string{"provision", "provision/credential", "provision/directory", "provision/protocol", "provision/settings", "internal/clientaddr", "internal/fetch", "internal/lingering", "internal/ratelimit", "internal/requestlog", "scim/etag", "scim/filter", "scim/meaning", "scim/patch", "scim/resource", "scim/scimerr", "scim/signed", "scim/turn"}, not: []string{"database/sql"}, exact: true},
	{dir: "scim/scimerr", not: []string{"net/http", "database/sql"}},
	{dir: "scim/filter", may: []string{"provision", "internal/decimal", "scim/scimerr"}, not: []string{"net/http", "database/sql"}},
	{dir: "scim/resource", may: []string{"provision", "scim/filter", "scim/scimerr"}, not: []string{"net/http", "database/sql"}},
	{dir: "scim/meaning", may: []string{"provision", "provision/directory"}, not: []string{"net/http", "database/sql"}},
	{dir: "scim/signed", may: []string{"provision", "provision/credential", "provision/protocol", "provision/settings", "internal/fetch"}, not: []string{"database/sql"}},
	{dir: "scim/etag", may: []string{"provision", "scim/resource"}, not: []string{"database/sql"}},
	{dir: "scim/turn", may: []string{"provision", "internal/share", "scim/scimerr"}, not: []string{"net/http", "database/sql"}},
	{dir: "scim/patch", may: []string{"provision", "scim/filter", "scim/resource", "scim/scimerr"}, not: []string{"net/http", "database/sql"}},

	{dir: "sso", may: []string{"provision", "provision/audit", "provision/breakglass", "provision/entitlement", "provision/expiry", "provision/seat", "provision/session", "provision/settings", "provision/signin", "internal/fetch", "sso/breakglass", "sso/client", "sso/flow", "sso/limit", "sso/logout", "sso/portal", "sso/recheck", "sso/web"}, not: []string{"database/sql"}, exact: true},
	{dir: "sso/saml", not: []string{"net/http", "database/sql"}},
	{dir: "sso/oidc", may: []string{"internal/fetch"}, not: []string{"database/sql"}},
	{dir: "sso/limit", may: []string{"provision", "internal/ratelimit"}, not: []string{"net/http", "database/sql"}},
	{dir: "sso/web", may: []string{"provision", "provision/session", "provision/signin", "internal/clientaddr", "internal/fetch", "internal/lingering", "internal/requestlog", "sso/limit", "sso/oidc", "sso/saml"}, not: []string{"database/sql"}},
	{dir: "sso/ticket", may: []string{"provision", "provision/session"}, not: []string{"database/sql"}},
	{dir: "sso/client", may: []string{"provision", "provision/audit", "provision/protocol", "provision/session", "provision/settings", "internal/fetch", "internal/ratelimit", "sso/oidc", "sso/saml", "sso/web"}, not: []string{"database/sql"}},
	{dir: "sso/flow", may: []string{"provision", "provision/protocol", "provision/session", "provision/settings", "provision/signin", "internal/requestlog", "sso/client", "sso/oidc", "sso/saml", "sso/ticket", "sso/web"}, not: []string{"database/sql"}},
	{dir: "sso/logout", may: []string{"provision", "provision/session", "sso/client", "sso/oidc", "sso/saml", "sso/web"}, not: []string{"database/sql"}},
	{dir: "sso/portal", may: []string{"provision", "provision/entitlement", "provision/seat", "provision/seating", "provision/session", "sso/web"}, not: []string{"database/sql"}},
	{dir: "sso/recheck", may: []string{"provision", "provision/expiry", "provision/settings", "internal/backoff", "sso/client", "sso/oidc"}, not: []string{"database/sql"}},
	{dir: "sso/breakglass", may: []string{"provision", "provision/audit", "provision/breakglass", "provision/settings", "internal/ratelimit", "internal/requestlog", "sso/client", "sso/limit", "sso/web"}, not: []string{"database/sql"}},
	{dir: "sso/deskidp", may: []string{"provision", "provision/desksession", "provision/protocol", "provision/seat", "provision/session", "provision/settings", "internal/fetch", "sso/deskidp/oidc", "sso/deskidp/saml", "sso/deskidp/site", "sso/ticket"}, not: []string{"database/sql"}, exact: true},
	{dir: "sso/deskidp/site", may: []string{"provision", "provision/desksession", "provision/protocol", "provision/seat", "provision/session", "provision/settings", "internal/ratelimit", "sso/saml", "sso/ticket"}, not: []string{"database/sql"}},
	{dir: "sso/deskidp/oidc", may: []string{"provision", "provision/desksession", "provision/protocol", "provision/session", "sso/deskidp/site"}, not: []string{"database/sql"}},
	{dir: "sso/deskidp/saml", may: []string{"provision", "provision/protocol", "provision/session", "sso/deskidp/site", "sso/saml"}, not: []string{"database/sql"}},

	{dir: "admin", may: []string{"provision", "provision/administration", "provision/breakglass", "internal/ratelimit", "internal/requestlog", "internal/spelling"}, not: []string{"database/sql"}, exact: true},
	{dir: "admin/api", may: []string{"provision", "provision/administration", "provision/adoption", "provision/alarm", "provision/audit", "provision/credential", "provision/deskhealth", "provision/directory", "provision/erasure", "provision/expiry", "provision/explanation", "provision/plan", "provision/reconcile", "provision/report", "provision/request", "provision/seat", "provision/secondadmin", "provision/seating", "provision/session", "provision/settings", "provision/setuplink", "internal/condition", "internal/requestlog", "internal/share", "admin", "admin/api/answer", "admin/api/buffered", "admin/api/problem", "admin/api/readable"}, not: []string{"database/sql"}, exact: true},
	{dir: "admin/api/answer", may: []string{"provision", "provision/adoption", "provision/alarm", "provision/credential", "provision/deskhealth", "provision/leave", "provision/plan", "provision/report", "provision/request", "provision/seat", "provision/secondadmin", "provision/setuplink"}, not: []string{"net/http", "database/sql"}},
	{dir: "admin/api/buffered", not: []string{"database/sql"}},
	{dir: "admin/api/problem", may: []string{"provision", "provision/secondadmin", "admin"}, not: []string{"database/sql"}},
	{dir: "admin/api/readable", not: []string{"net/http", "database/sql"}},
	{dir: "admin/console", may: []string{"provision", "provision/administration", "provision/adoption", "provision/alarm", "provision/audit", "provision/breakglass", "provision/credential", "provision/deskhealth", "provision/directory", "provision/explanation", "provision/keeping", "provision/leave", "provision/plan", "provision/reconcile", "provision/report", "provision/request", "provision/seat", "provision/secondadmin", "provision/seating", "provision/session", "provision/settings", "provision/setuplink", "internal/condition", "internal/requestlog", "admin", "docs/idps"}, not: []string{"database/sql"}},
	{dir: "admin/client", may: []string{"provision", "admin"}, not: []string{"database/sql"}},
	{dir: "docs/idps", not: []string{"net/http", "database/sql"}},
	{dir: "store", may: []string{"provision", "provision/administration", "provision/adoption", "provision/alarm", "provision/approval", "provision/audit", "provision/breakglass", "provision/byhand", "provision/credential", "provision/deskhealth", "provision/desksession", "provision/deskwrite", "provision/directory", "provision/entitlement", "provision/erasure", "provision/evidence", "provision/expiry", "provision/explanation", "provision/handover", "provision/keeping", "provision/leave", "provision/leavestep", "provision/offboarding", "provision/plan", "provision/plan/secrets", "provision/profile", "provision/protocol", "provision/reconcile", "provision/removal", "provision/report", "provision/request", "provision/seat", "provision/seating", "provision/secondadmin", "provision/session", "provision/settings", "provision/setuplink", "provision/signin", "provision/terms", "provision/validity", "internal/backoff", "internal/decimal", "internal/recent", "store/migrations", "store/sqlfilter"}, not: []string{"net/http"}, exact: true},

	{dir: "store/migrations", not: []string{"net/http", "database/sql"}},
	{dir: "store/sqlfilter", may: []string{"provision"}, not: []string{"net/http", "database/sql"}},
	{dir: "desk", may: []string{"provision"}, not: []string{"net/http", "database/sql"}},
	{dir: "desk/kit", may: []string{"desk"}, not: []string{"database/sql"}},
	{dir: "desk/kit/handover", may: []string{"provision", "desk", "desk/kit"}, not: []string{"net/http", "database/sql"}},
	{dir: "desk/kit/people", may: []string{"provision", "desk", "desk/kit"}, not: []string{"net/http", "database/sql"}},
	{dir: "desk/kit/named", may: []string{"provision", "desk", "desk/kit", "desk/kit/people"}, not: []string{"net/http", "database/sql"}},
	{dir: "desk/*", may: []string{"provision", "provision/protocol", "desk", "desk/kit", "desk/kit/handover", "desk/kit/people", "desk/kit/named"}},
	{dir: "worker", may: []string{"provision", "provision/adoption", "provision/audit", "provision/byhand", "provision/deskhealth", "provision/entitlement", "provision/handover", "provision/evidence", "provision/profile", "provision/reconcile", "provision/seat", "provision/settings", "internal/backoff", "internal/quietlog", "desk", "worker/assignee", "worker/guard", "worker/pace", "worker/seats", "worker/takeover"}, not: []string{"net/http"}, exact: true},
	{dir: "worker/assignee", may: []string{"provision", "provision/reconcile", "desk"}, not: []string{"net/http", "database/sql"}},
	{dir: "worker/takeover", may: []string{"provision", "provision/deskhealth", "provision/settings", "desk", "worker/assignee"}, not: []string{"net/http", "database/sql"}},
	{dir: "worker/giveback", may: []string{"provision", "desk", "worker/guard"}, not: []string{"net/http", "database/sql"}},
	{dir: "worker/seats", may: []string{"provision", "provision/seat", "worker/guard", "desk"}, not: []string{"net/http", "database/sql"}},
	{dir: "worker/pace", may: []string{"provision", "provision/deskhealth"}, not: []string{"net/http", "database/sql"}},
	{dir: "worker/guard", may: []string{"provision", "provision/deskhealth", "provision/reconcile", "desk"}, not: []string{"net/http", "database/sql"}},
	{dir: "config", may: []string{"provision/protocol", "internal/spelling"}, not: []string{"net/http", "database/sql"}},
	{dir: "cmd", may: []string{anything}},
	{dir: "deploy", not: []string{"net/http", "database/sql"}},
	{dir: "bench", may: []string{anything}, free: true}, // the servers to compare with are on the same libraries

}

// owners are the layers that alone may import a library, because it would
// otherwise shape more of the house than it should.
var owners = map[string][]string{
	"gorm.io":                        {"store"},
	"github.com/jackc/pgx":           {"store"},
	"modernc.org/sqlite":             {"store"},
	"github.com/riverqueue/river":    {"store", "worker"},
	"github.com/elimity-com/scim":    {"scim", "scim/filter", "scim/patch", "scim/resource", "scim/scimerr"},
	"github.com/scim2/filter-parser": {"bench"},
	"github.com/crewjam/saml":        {"sso/saml", "sso/deskidp/saml"},
	"github.com/coreos/go-oidc":      {"sso/oidc"},
	"github.com/danielgtaylor/huma":  {"admin/api", "admin/api/problem", "admin/api/readable"},
	"github.com/knadh/koanf":         {"config"},
	"github.com/spf13/cobra":         {"cmd"},
}

func TestImports(t *testing.T) {
	problems, files := check(t, os.DirFS("."))
	if files < 50 {
		t.Errorf("only %d files were looked at: is this the root of the module?", files)
	}
	for _, p := range problems {
		t.Error(p)
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	for _, tt := range []struct {
		name, file, imports string
		want                []string
	}{
		{"the core knows nobody", "provision/a.go", module + "/store",
			[]string{"provision/a.go: provision must not import store"}},
		{"the core knows no HTTP", "provision/a.go", "net/http",
			[]string{"provision/a.go: provision must not know net/http"}},
		{"what is below a forbidden package is forbidden", "provision/a.go", "database/sql/driver",
			[]string{"provision/a.go: provision must not know database/sql"}},
		{"a longer name is another package", "provision/a.go", "net/http2", nil},
		{"the ground knows no room", "provision/a.go", module + "/provision/directory",
			[]string{"provision/a.go: provision must not import provision/directory"}},
		{"who says how options are spelled knows nobody", "provision/protocol/a.go", module + "/provision",
			[]string{"provision/protocol/a.go: provision/protocol must not import provision"}},
		{"a file's reader knows how options are spelled", "config/a.go", module + "/provision/protocol", nil},
		{"a file's reader knows no more", "config/a.go", module + "/provision",
			[]string{"config/a.go: config must not import provision"}},
		{"a room knows the ground", "provision/directory/a.go", module + "/provision", nil},
		{"a room knows no room above it", "provision/session/a.go", module + "/provision/directory",
			[]string{"provision/session/a.go: provision/session must not import provision/directory"}},
		{"a new room needs a line of its own", "provision/misc/a.go", "fmt",
			[]string{"provision/misc/a.go: provision/misc is in no layer; see layers in imports_test.go"}},
		{"an edge reaches what is its business only", "scim/a.go", module + "/provision/reconcile",
			[]string{"scim/a.go: scim must not import provision/reconcile"}},
		{"edges know the core", "scim/a.go", module + "/provision", nil},
		{"edges do not know each other", "scim/a.go", module + "/sso",
			[]string{"scim/a.go: scim must not import sso"}},
		{"an edge knows its own folders", "scim/a.go", module + "/scim/patch", nil},
		{"who reads documents knows no HTTP", "scim/resource/a.go", "net/http",
			[]string{"scim/resource/a.go: scim/resource must not know net/http"}},
		{"who reads filters knows no documents", "scim/filter/a.go", module + "/scim/resource",
			[]string{"scim/filter/a.go: scim/filter must not import scim/resource"}},
		{"who applies PATCH knows no edge", "scim/patch/a.go", module + "/scim",
			[]string{"scim/patch/a.go: scim/patch must not import scim"}},
		{"a room of sign-in does not know the mux", "sso/portal/a.go", module + "/sso",
			[]string{"sso/portal/a.go: sso/portal must not import sso"}},
		{"the portal speaks no protocol", "sso/portal/a.go", module + "/sso/saml",
			[]string{"sso/portal/a.go: sso/portal must not import sso/saml"}},
		{"edges do not know the store", "admin/a.go", module + "/store",
			[]string{"admin/a.go: admin must not import store"}},
		{"edges know how to fetch", "scim/a.go", module + "/internal/fetch", nil},
		{"the console fetches nothing", "admin/a.go", module + "/internal/fetch",
			[]string{"admin/a.go: admin must not import internal/fetch"}},
		{"who fetches knows nobody", "internal/fetch/a.go", module + "/provision",
			[]string{"internal/fetch/a.go: internal/fetch must not import provision"}},
		{"who counts knows no HTTP", "internal/ratelimit/a.go", "net/http",
			[]string{"internal/ratelimit/a.go: internal/ratelimit must not know net/http"}},
		{"who counts knows nobody", "internal/ratelimit/a.go", module + "/internal/clientaddr",
			[]string{"internal/ratelimit/a.go: internal/ratelimit must not import internal/clientaddr"}},
		{"the core does not ask where a request comes from", "provision/breakglass/a.go", module + "/internal/clientaddr",
			[]string{"provision/breakglass/a.go: provision/breakglass must not import internal/clientaddr"}},
		{"a layer knows its own folders", "store/a.go", module + "/store/migrations", nil},
		{"the contract knows no connector", "desk/a.go", module + "/desk/builtin",
			[]string{"desk/a.go: desk must not import desk/builtin"}},
		{"a connector knows the contract", "desk/builtin/a.go", module + "/desk", nil},
		{"a connector knows what connectors share", "desk/builtin/a.go", module + "/desk/kit", nil},
		{"what connectors share knows none of them", "desk/kit/a.go", module + "/desk/builtin",
			[]string{"desk/kit/a.go: desk/kit must not import desk/builtin"}},
		{"what connectors share knows nothing of identities", "desk/kit/a.go", module + "/provision",
			[]string{"desk/kit/a.go: desk/kit must not import provision"}},
		{"connectors do not know each other", "desk/builtin/a.go", module + "/desk/requesttracker",
			[]string{"desk/builtin/a.go: desk/builtin must not import desk/requesttracker"}},
		{"workers know no vendor", "worker/a.go", module + "/desk/builtin",
			[]string{"worker/a.go: worker must not import desk/builtin"}},
		{"who guards a desk knows nobody who calls it", "worker/guard/a.go", module + "/worker",
			[]string{"worker/guard/a.go: worker/guard must not import worker"}},
		{"who says whose turn it is knows nobody who hands over", "worker/assignee/a.go", module + "/worker",
			[]string{"worker/assignee/a.go: worker/assignee must not import worker"}},
		{"cmd knows everybody", "cmd/deskbridge/a.go", module + "/store", nil},
		{"the benchmark knows everybody, and every library", "bench/reference/a.go", "gorm.io/gorm", nil},
		{"the program does not know the benchmark", "worker/a.go", module + "/bench/reference",
			[]string{"worker/a.go: worker must not import bench"}},
		{"nobody knows cmd", "worker/a.go", module + "/cmd/deskbridge",
			[]string{"worker/a.go: worker must not import cmd"}},
		{"only store knows gorm", "desk/builtin/a.go", "gorm.io/gorm",
			[]string{"desk/builtin/a.go: desk/builtin must not import gorm.io/gorm: that is for store alone"}},
		{"store knows gorm", "store/a.go", "gorm.io/driver/postgres", nil},
		{"filters know no gorm", "store/sqlfilter/a.go", "gorm.io/gorm",
			[]string{"store/sqlfilter/a.go: store/sqlfilter must not import gorm.io/gorm: that is for store alone"}},
		{"test code stays out of the program", "cmd/deskbridge/a.go", module + "/store/storetest",
			[]string{"cmd/deskbridge/a.go: store/storetest is for tests, and this is not one"}},
		{"testing stays out of the program", "scim/a.go", "testing",
			[]string{"scim/a.go: testing is for tests, and this is not one"}},
		{"a test package imports what it needs", "scim/scimtest/a.go", module + "/store/storetest", nil},
		{"a test imports what it needs", "provision/a_test.go", module + "/store/storetest", nil},
		{"a new folder needs a line of its own", "helpers/a.go", "fmt",
			[]string{"helpers/a.go: helpers is in no layer; see layers in imports_test.go"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := fmt.Sprintf("package p\n\nimport _ %q\n", tt.imports)
			got, _ := check(t, fstest.MapFS{tt.file: {Data: []byte(source)}})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// check returns what the imports of the Go files in root break, and how many
// files it has looked at. Tests may import whatever they need.
func check(t *testing.T, root fs.FS) (problems []string, files int) {
	t.Helper()
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if file != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || isTest(path.Dir(file)) {
			return nil
		}
		files++
		found, err := checkFile(root, file)
		problems = append(problems, found...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return problems, files
}

func checkFile(root fs.FS, file string) (problems []string, _ error) {
	source, err := fs.ReadFile(root, file)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	name, from, known := layerOf(path.Dir(file))
	if !known {
		return []string{fmt.Sprintf("%s: %s is in no layer; see layers in imports_test.go", file, path.Dir(file))}, nil
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if problem := judge(name, from, imported); problem != "" {
			problems = append(problems, file+": "+problem)
		}
	}
	return problems, nil
}

// judge returns what is wrong with an import by the layer from, which is
// called name; "" when nothing is.
func judge(name string, from layer, imported string) string {
	dir, ours := strings.CutPrefix(imported, module+"/")
	if isTest(dir) {
		return dir + " is for tests, and this is not one"
	}
	if ours {
		to, _, known := layerOf(dir)
		if known && to != name && !slices.Contains(from.may, to) && !slices.Contains(from.may, anything) {
			return name + " must not import " + to
		}
		return ""
	}
	for _, forbidden := range from.not {
		if within(imported, forbidden) {
			return name + " must not know " + forbidden
		}
	}
	for _, library := range slices.Sorted(maps.Keys(owners)) {
		if within(imported, library) && !slices.Contains(owners[library], name) && !from.free {
			return fmt.Sprintf("%s must not import %s: that is for %s alone", name, imported, strings.Join(owners[library], " and "))
		}
	}
	return ""
}

// layerOf returns the layer that a folder belongs to. A layer of many folders
// is one for each of them: name tells them apart.
func layerOf(dir string) (name string, found layer, known bool) {
	for _, l := range layers {
		parent, each := strings.CutSuffix(l.dir, "/*")
		switch {
		case dir == l.dir: // a line of its own says more than one for many
			return l.dir, l, true
		case known:
		case each && strings.HasPrefix(dir, parent+"/"):
			child, _, _ := strings.Cut(strings.TrimPrefix(dir, parent+"/"), "/")
			name, found, known = parent+"/"+child, l, true
		case !each && !l.exact && within(dir, l.dir) && !split(l.dir):
			name, found, known = l.dir, l, true
		}
	}
	return name, found, known
}

// split reports whether the folders in dir are layers by themselves.
func split(dir string) bool {
	return slices.ContainsFunc(layers, func(l layer) bool { return l.dir == dir+"/*" })
}

// within reports whether the package or folder p is parent, or below it.
func within(p, parent string) bool { return p == parent || strings.HasPrefix(p, parent+"/") }

// isTest reports whether a package is made for tests only: testing itself, and
// folders that are named after the package that they help to test.
func isTest(p string) bool { return within(p, "testing") || strings.HasSuffix(path.Base(p), "test") }
