package check

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	kustomize "sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// manifests builds the kustomization and returns its objects by kind, each read strictly as the API's own type: a field that
// does not exist, or of another type, is an error.
func manifests(t *testing.T) map[string]any {
	t.Helper()
	k := krusty.MakeKustomizer(&krusty.Options{LoadRestrictions: kustomize.LoadRestrictionsRootOnly, PluginConfig: kustomize.DisabledPluginConfig()})
	built, err := k.Run(filesys.MakeFsOnDisk(), filepath.Join("..", "kubernetes"))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]any{
		"Deployment": &appsv1.Deployment{}, "Service": &corev1.Service{}, "ConfigMap": &corev1.ConfigMap{},
		"PersistentVolumeClaim": &corev1.PersistentVolumeClaim{},
	}
	seen := map[string]any{}
	for _, r := range built.Resources() {
		into, ok := types[r.GetKind()]
		if !ok {
			t.Errorf("%s %s: no type for it here", r.GetKind(), r.GetName())
			continue
		}
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Errorf("%s %s: %v", r.GetKind(), r.GetName(), err)
		}
		if r.GetNamespace() != "rvo" {
			t.Errorf("%s %s is in namespace %q", r.GetKind(), r.GetName(), r.GetNamespace())
		}
		seen[r.GetKind()] = into
	}
	if len(seen) != len(types) {
		t.Errorf("kinds %v, want %v", slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(types)))
	}
	return seen
}

// TestManifests: the manifests are what the API server takes, and fit together: labels, volumes, names, ports.
func TestManifests(t *testing.T) {
	seen := manifests(t)
	d, svc := seen["Deployment"].(*appsv1.Deployment), seen["Service"].(*corev1.Service)
	pod := &d.Spec.Template.Spec
	if len(pod.Containers) != 1 {
		t.Fatalf("%d containers", len(pod.Containers))
	}
	c := &pod.Containers[0]
	if !maps.Equal(d.Spec.Selector.MatchLabels, d.Spec.Template.Labels) || !maps.Equal(svc.Spec.Selector, d.Spec.Template.Labels) {
		t.Errorf("selectors %v and %v do not find pods with %v", d.Spec.Selector.MatchLabels, svc.Spec.Selector, d.Spec.Template.Labels)
	}
	volumes := map[string]corev1.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
	}
	for _, m := range c.VolumeMounts {
		if _, ok := volumes[m.Name]; !ok {
			t.Errorf("%s is mounted and is no volume", m.Name)
		}
	}
	config := seen["ConfigMap"].(*corev1.ConfigMap)
	if got := volumes["pipeline"].ConfigMap.Name; got != config.Name {
		t.Errorf("the pod mounts ConfigMap %q, there is %q: a name that goes with the content would restart the pod", got, config.Name)
	}
	if claim := seen["PersistentVolumeClaim"].(*corev1.PersistentVolumeClaim).Name; volumes["state"].PersistentVolumeClaim.ClaimName != claim {
		t.Errorf("the pod claims %q, there is %q", volumes["state"].PersistentVolumeClaim.ClaimName, claim)
	}
	if got := svc.Spec.Ports[0].TargetPort.StrVal; got != c.Ports[0].Name {
		t.Errorf("the service goes to port %q, the container has %q", got, c.Ports[0].Name)
	}
	s := c.SecurityContext
	if *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !*pod.SecurityContext.RunAsNonRoot || !slices.Contains(s.Capabilities.Drop, "ALL") {
		t.Error("the container may more than it needs")
	}
	for _, p := range []*corev1.Probe{c.StartupProbe, c.LivenessProbe, c.ReadinessProbe} {
		if p == nil || p.Exec == nil {
			t.Fatal("a probe is missing, or would need the token in the manifest")
		}
		if err := knownFlags(p.Exec.Command[1:]); err != nil {
			t.Errorf("a probe: %v", err)
		}
	}
	if err := knownFlags(c.Args); err != nil {
		t.Errorf("the container: %v", err)
	}
	if got := c.Args[len(c.Args)-1]; got != c.VolumeMounts[0].MountPath {
		t.Errorf("it runs %s, the pipeline is mounted at %s", got, c.VolumeMounts[0].MountPath)
	}
}

// TestAStrangeFieldIsSeen: what TestManifests rests on does find a mistake.
func TestAStrangeFieldIsSeen(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "kubernetes", "deployment.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	broken := bytes.Replace(text, []byte("livenessProbe:"), []byte("livenesProbe:"), 1)
	if err := yaml.UnmarshalStrict(broken, &appsv1.Deployment{}); err == nil || !strings.Contains(err.Error(), "livenesProbe") {
		t.Errorf("an unknown field gives %v", err)
	}
}
