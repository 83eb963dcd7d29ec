package deskbridge_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var (
	metricName  = regexp.MustCompile(`\bdeskbridge_[a-z_]+`)
	partOfThree = regexp.MustCompile(`_(bucket|sum|count)$`) // of a histogram
)

// TestMonitoringNamesMetricsThatExist finds metrics in the alerts, their tests
// and the dashboard that the program does not have, and checks that the alerts
// and the dashboard look at most of those that it has.
func TestMonitoringNamesMetricsThatExist(t *testing.T) {
	metrics := named(t, `"(deskbridge_[a-z_]+)"`, "worker", "cmd/deskbridge/*", "sso/*", "scim", "internal/*")
	looked := make(map[string]bool)
	for _, file := range []string{"deploy/prometheus/rules.yaml", "deploy/prometheus/rules_test.yaml", "deploy/grafana/deskbridge.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := metricName.FindAllString(string(text), -1)
		if len(found) < 10 {
			t.Errorf("%s names only %d metrics", file, len(found))
		}
		for _, name := range found {
			if !slices.Contains(metrics, name) {
				name = partOfThree.ReplaceAllString(name, "")
			}
			looked[name] = true
			if !slices.Contains(metrics, name) {
				t.Errorf("%s looks at %s, which the program does not have", file, name)
			}
		}
	}
	if len(looked) < 20 {
		t.Errorf("only these metrics are looked at: %v", slices.Sorted(maps.Keys(looked)))
	}
}

// TestAlertsAreWhole checks that each alert says what happened and what to do,
// and stands on the page for operators, and that the page tells of no other.
func TestAlertsAreWhole(t *testing.T) {
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Expr        string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	text, err := os.ReadFile("deploy/prometheus/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var alerts []string
	for _, r := range rules.Groups[0].Rules {
		alerts = append(alerts, r.Alert)
		if s := r.Labels["severity"]; s != "critical" && s != "warning" {
			t.Errorf("%s has the severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["action"] == "" {
			t.Errorf("%s lacks summary or action", r.Alert)
		}
		if !strings.Contains(string(page), "| `"+r.Alert+"` |") {
			t.Errorf("docs/operations.md does not tell of the alert %s", r.Alert)
		}
	}
	for _, m := range regexp.MustCompile("`(Deskbridge[A-Z]\\w+)`").FindAllStringSubmatch(string(page), -1) {
		if !slices.Contains(alerts, m[1]) {
			t.Errorf("docs/operations.md tells of the alert %s, which is not in the rules", m[1])
		}
	}
}

// TestDashboardIsWhole checks that each panel asks something, and that no two
// have one place.
func TestDashboardIsWhole(t *testing.T) {
	text, err := os.ReadFile("deploy/grafana/deskbridge.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Title   string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	taken := make(map[[2]int]string)
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 || p.Title == "" {
			t.Errorf("panel %d %q asks nothing", p.ID, p.Title)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q is on %q, or beside the dashboard", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	if len(dashboard.Panels) < 10 {
		t.Errorf("only %d panels", len(dashboard.Panels))
	}
}

// TestManifestFitsTheProgram checks that what the manifest for Kubernetes says
// about the program is so: its command, settings, ports and health routes; and
// that the pod has no more rights than the image needs.
func TestManifestFitsTheProgram(t *testing.T) {
	text, err := os.ReadFile("deploy/kubernetes/deskbridge.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type probe struct {
		HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
	}
	var deployment struct {
		Kind string
		Spec struct {
			Template struct {
				Spec struct {
					SecurityContext struct {
						RunAsNonRoot bool `yaml:"runAsNonRoot"`
						RunAsUser    int  `yaml:"runAsUser"`
					} `yaml:"securityContext"`
					Containers []struct {
						Args  []string
						Env   []struct{ Name, Value string }
						Ports []struct {
							Name string
							Port string `yaml:"containerPort"`
						}
						StartupProbe    probe `yaml:"startupProbe"`
						LivenessProbe   probe `yaml:"livenessProbe"`
						ReadinessProbe  probe `yaml:"readinessProbe"`
						SecurityContext struct {
							Escalation bool `yaml:"allowPrivilegeEscalation"`
							ReadOnly   bool `yaml:"readOnlyRootFilesystem"`
						} `yaml:"securityContext"`
					}
				}
			}
		}
	}
	documents := yaml.NewDecoder(strings.NewReader(string(text)))
	if err := documents.Decode(&deployment); err != nil || deployment.Kind != "Deployment" {
		t.Fatalf("the first document is a %q, %v", deployment.Kind, err)
	}
	pod := deployment.Spec.Template.Spec
	container := pod.Containers[0]
	listens := make(map[string]string)
	for _, e := range container.Env {
		if !slices.Contains(settings(), e.Name) {
			t.Errorf("%s is no setting", e.Name)
		}
		listens[e.Name] = e.Value
	}
	ports := make(map[string]string)
	for _, p := range container.Ports {
		ports[p.Name] = p.Port
	}
	if got := []string{listens["DESKBRIDGE_LISTEN"], listens["DESKBRIDGE_METRICS_LISTEN"]}; !slices.Equal(got, []string{"0.0.0.0:" + ports["http"], "0.0.0.0:" + ports["metrics"]}) {
		t.Errorf("it listens at %v, and the ports are %v", got, ports)
	}
	for path, p := range map[string]probe{"/healthz": container.LivenessProbe, "/readyz": container.ReadinessProbe} {
		if p.HTTPGet.Path != path || p.HTTPGet.Port != "metrics" {
			t.Errorf("a probe asks %v, not %s", p.HTTPGet, path)
		}
	}
	image, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(image), fmt.Sprintf("USER %d:", pod.SecurityContext.RunAsUser)) || !pod.SecurityContext.RunAsNonRoot ||
		container.SecurityContext.Escalation || !container.SecurityContext.ReadOnly || !slices.Equal(container.Args, []string{"serve"}) {
		t.Errorf("the pod is not what the image is for: %+v", pod)
	}
	for {
		var other map[string]any
		if err := documents.Decode(&other); errors.Is(err, io.EOF) {
			return
		} else if err != nil || other["apiVersion"] == nil || other["kind"] == nil {
			t.Fatalf("a document says %v, %v", other, err)
		}
	}
}

// TestThreatModelNamesTestsThatExist checks every test that the threat model
// calls as a witness.
func TestThreatModelNamesTestsThatExist(t *testing.T) {
	const page = "docs/security/threat-model.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	named := witness.FindAllStringSubmatch(strings.ReplaceAll(string(text), "\n", " "), -1)
	for _, m := range named {
		if !hasTest(t, m[1], m[2]) {
			t.Errorf("%s names %s, which is not in %s", page, m[2], m[1])
		}
	}
	if len(named) < 15 {
		t.Errorf("%s names only %d tests", page, len(named))
	}
}
