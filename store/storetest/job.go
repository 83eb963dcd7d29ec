package storetest

import (
	"encoding/json"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
)

// TakeJobs takes all jobs out of the queue, as a worker would that does them at
// once, whenever they are due: the accounts to reconcile, some perhaps more than
// once, and whether people are to be evaluated.
func TakeJobs(t testing.TB, s *store.Store) (runs []provision.AccountID, evaluate bool) {
	t.Helper()
	args := `json(args)`
	if s.Dialect() == string(store.Postgres) {
		args = `args::text`
	}
	rows, err := s.DB().QueryContext(t.Context(), `DELETE FROM river_job WHERE state IN ('available', 'scheduled') RETURNING kind, `+args)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind, text string
		if err := rows.Scan(&kind, &text); err != nil {
			t.Fatal(err)
		}
		if kind == string(provision.JobEvaluate) {
			evaluate = true
			continue
		}
		var run provision.ReconcileArgs
		if err := json.Unmarshal([]byte(text), &run); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run.Account)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return runs, evaluate
}
