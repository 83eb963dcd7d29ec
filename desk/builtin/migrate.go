package builtin

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/sqlite/*.sql migrations/postgres/*.sql
var migrations embed.FS

// versionTable notes which migrations have run. It is the package's own: the
// store around it counts for itself.
const versionTable = "builtin_goose_version"

// Migrate brings the tables up to date. Several processes may call it at once.
func (d *Desks) Migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations/"+string(d.dialect))
	if err != nil {
		return fmt.Errorf("builtin: migrations: %w", err)
	}
	options := []goose.ProviderOption{goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true),
		goose.WithGoMigrations(goose.NewGoMigration(refoldVersion, &goose.GoFunc{RunTx: refold}, nil))}
	dialect := goose.DialectSQLite3
	if d.dialect == Postgres {
		dialect = goose.DialectPostgres
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // every second, for five minutes
		if err != nil {
			return fmt.Errorf("builtin: migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	provider, err := goose.NewProvider(dialect, d.db, files, options...)
	if err != nil {
		return fmt.Errorf("builtin: migrations: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("builtin: migrate: %w", err)
	}
	return nil
}
