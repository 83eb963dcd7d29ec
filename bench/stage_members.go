package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// chunk is how many members one request adds when a group is filled.
const chunk = 1000

// members measures changes of a small and of a large group. An identity
// provider sends them one after the other, so one connection does.
func (b *bench) members(ctx context.Context) error {
	for _, t := range []*target{b.lean, b.bridge} {
		if len(t.people) >= b.many { // this stage does not run alone
			continue
		}
		if _, err := b.populate(ctx, t, b.many); err != nil {
			return fmt.Errorf("people for %s: %w", t.name, err)
		}
	}
	if err := b.removals(ctx); err != nil {
		return err
	}
	for _, size := range []int{b.few, b.many} {
		groups := map[*target]string{}
		filled := map[string]sample{}
		for _, t := range []*target{b.lean, b.bridge} {
			id, s, err := b.fill(ctx, t, "Group", size)
			if err != nil {
				return fmt.Errorf("a group of %d on %s: %w", size, t.name, err)
			}
			groups[t], filled[t.name] = id, s
			b.say("%s filled a group of %d: %.0f members/s", t.name, size, s.Rate)
		}
		if size == b.many {
			b.report.add("members/s in chunks of 1,000", size, filled)
		}
		if err := b.settle(ctx); err != nil {
			return err
		}
		for _, n := range []int{1, 100} {
			name := fmt.Sprintf("member add and remove, %d at once", n)
			got, err := b.inTurn(ctx, name, size, func(t *target) (sample, error) {
				return b.closed(ctx, t, 1, b.length, 0, moving(t, groups[t], n))
			}, b.lean, b.bridge)
			if err != nil {
				return err
			}
			b.report.add(name, size, got)
		}
	}
	return nil
}

// crowd is the size of the group that one member is taken out of.
const crowd = 20_000

// removals measures how long it takes to take one member out of a group that was
// filled just now, of which the planner knows nothing yet.
func (b *bench) removals(ctx context.Context) error {
	for _, size := range []int{b.few, min(crowd, b.many)} {
		groups := map[*target]string{}
		for _, t := range []*target{b.lean, b.bridge} {
			id, _, err := b.fill(ctx, t, "Crowd", size)
			if err != nil {
				return err
			}
			groups[t] = id
		}
		got, err := b.inTurn(ctx, "one member removed", size, func(t *target) (sample, error) { return b.remove(ctx, t, groups[t], size) }, b.lean, b.bridge)
		if err != nil {
			return err
		}
		b.report.add("one member removed", size, got)
	}
	return nil
}

// remove takes members out of a group of the first size people, one after the
// other, and puts each back. The time of the sample is that of taking out, the
// CPU time that of both.
func (b *bench) remove(ctx context.Context, t *target, group string, size int) (s sample, err error) {
	c, err := dial(t)
	if err != nil {
		return s, err
	}
	defer c.close()
	before, err := b.cpu(t)
	if err != nil {
		return s, err
	}
	var took []time.Duration
	var all time.Duration
	for all < b.length/2 && ctx.Err() == nil {
		id := t.people[len(took)*7919%size] // a prime: neighbours in time are none in the group
		start := time.Now()
		if _, err := c.do(t.base, change(group, `{"op":"remove","path":"members[value eq \"`+id+`\"]"}`)); err != nil {
			return s, err
		}
		took = append(took, time.Since(start))
		all += took[len(took)-1]
		if _, err := c.do(t.base, add(group, []string{id})); err != nil {
			return s, err
		}
	}
	after, err := b.cpu(t)
	if err != nil {
		return s, err
	}
	return summary(took, all, before, after), ctx.Err()
}

// fill makes a group of the first size people, which is called name and its
// size. The sample counts members.
func (b *bench) fill(ctx context.Context, t *target, name string, size int) (id string, s sample, err error) {
	c, err := dial(t)
	if err != nil {
		return "", s, err
	}
	defer c.close()
	answer, err := c.do(t.base, request{"POST", "/Groups", fmt.Sprintf(
		`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"%s of %d"}`, name, size), 201})
	if err != nil {
		return "", s, err
	}
	if id, err = idIn(answer); err != nil {
		return "", s, err
	}
	before, err := b.cpu(t)
	if err != nil {
		return "", s, err
	}
	began := time.Now()
	for from := 0; from < size && ctx.Err() == nil; from += chunk {
		if _, err := c.do(t.base, add(id, t.people[from:min(from+chunk, size)])); err != nil {
			return "", s, err
		}
	}
	took := time.Since(began)
	after, err := b.cpu(t)
	s = sample{N: size, Rate: float64(size) / took.Seconds()}
	s.CPU, s.DB = after.each(before, size)
	return id, s, err
}

// add is the request that adds members to a group.
func add(group string, ids []string) request {
	return change(group, `{"op":"add","path":"members","value":[{"value":"`+strings.Join(ids, `"},{"value":"`)+`"}]}`)
}

func change(group, operation string) request {
	return request{"PATCH", "/Groups/" + group, `{"schemas":["` + patchURN + `"],"Operations":[` + operation + `]}`, 204}
}

// moving adds n people who are not in the group, and removes them again: one by
// the filter that Okta sends, more by the list that Entra ID sends.
func moving(t *target, group string, n int) maker {
	return func(_, i int) request {
		last := len(t.people) - (i/2*n)%min(1000, len(t.people)/20)
		ids := t.people[max(last-n, 0):last]
		switch {
		case i%2 == 0:
			return add(group, ids)
		case n == 1:
			return change(group, `{"op":"remove","path":"members[value eq \"`+ids[0]+`\"]"}`)
		}
		return change(group, `{"op":"remove","path":"members","value":[{"value":"`+strings.Join(ids, `"},{"value":"`)+`"}]}`)
	}
}
