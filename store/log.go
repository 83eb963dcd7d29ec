package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

// slowQuery is how long a statement may take before the log mentions it.
const slowQuery = time.Second

// queryLog is gorm's way into our log. It reports slow statements, without
// their parameters: these are people's names and addresses. Errors it leaves
// to whoever gets them returned.
type queryLog struct{ log *slog.Logger }

func (l queryLog) LogMode(logger.LogLevel) logger.Interface { return l }

func (l queryLog) Info(context.Context, string, ...any) {}

func (l queryLog) Warn(ctx context.Context, format string, args ...any) {
	l.log.WarnContext(ctx, "database: "+fmt.Sprintf(format, args...))
}

func (l queryLog) Error(ctx context.Context, format string, args ...any) {
	l.log.ErrorContext(ctx, "database: "+fmt.Sprintf(format, args...))
}

func (l queryLog) Trace(ctx context.Context, begin time.Time, statement func() (string, int64), _ error) {
	if took := time.Since(begin); took >= slowQuery {
		sql, rows := statement()
		l.log.WarnContext(ctx, "slow database statement", "duration", took, "rows", rows, "sql", sql)
	}
}

// ParamsFilter makes gorm leave parameters out of logged statements.
func (l queryLog) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}
