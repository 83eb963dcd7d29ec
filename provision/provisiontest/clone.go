package provisiontest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
)

// InsertClones adds people to a group straight in the database, all like the
// first: what is tested is not their making. With an empty group they are in
// none.
func InsertClones(t testing.TB, s *store.Store, first provision.Identity, g provision.GroupID, n int) []provision.MemberID {
	t.Helper()
	for _, statement := range []string{
		`INSERT INTO identities (id, connection_id, user_name, user_name_folded, external_id, display_name, display_name_folded, status,
			profile, emails, attributes, source, claimed_groups, requested, document, version, created_at, updated_at)
		SELECT 'clone-' || i, connection_id, 'clone-' || i, 'clone-' || i, '', '', '', status,
			profile, emails, attributes, source, claimed_groups, requested, document, version, created_at, updated_at FROM identities, n WHERE id = $2`,
		`INSERT INTO members (connection_id, group_id, member_id, kind) SELECT connection_id, $2, 'clone-' || i, 'identity' FROM groups, n WHERE id = $2`,
	} {
		id := string(first.ID)
		if strings.Contains(statement, "members") {
			id = string(g)
		}
		const some = 10_000 // a statement has a time limit
		for from := 0; from < n; from += some {
			_, err := s.DB().ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT $3 + 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) `+statement, min(from+some, n), id, from)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	ids := make([]provision.MemberID, n)
	for i := range ids {
		ids[i] = provision.MemberID(fmt.Sprintf("clone-%d", i+1))
	}
	return ids
}
