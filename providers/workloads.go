package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// hindrance is what is not there yet, in words, and the command that tells more of it.
type hindrance struct {
	words   string
	further string
}

// hindrance is what the namespace still waits for; nil where each of its workloads runs as it was last told to.
func (c *cluster) hindrance(ctx context.Context, namespace string) (*hindrance, error) {
	var deployments appsv1.DeploymentList
	var statefulSets appsv1.StatefulSetList
	var daemonSets appsv1.DaemonSetList
	apps := "apis/apps/v1/namespaces/" + namespace
	for kind, into := range map[string]any{"deployments": &deployments, "statefulsets": &statefulSets, "daemonsets": &daemonSets} {
		if err := c.list(ctx, apps+"/"+kind, into); err != nil {
			return nil, err
		}
	}
	var unfinished []string
	for _, each := range deployments.Items {
		unfinished = append(unfinished, deploymentHindrance(each)...)
	}
	for _, each := range statefulSets.Items {
		unfinished = append(unfinished, statefulSetHindrance(each)...)
	}
	var gone podsOf
	if slices.ContainsFunc(daemonSets.Items, func(each appsv1.DaemonSet) bool { return daemonSetHindrance(each, nil) != nil }) {
		found, err := c.onDeadNodes(ctx, namespace)
		if err != nil {
			return nil, err
		}
		gone = found
	}
	for _, each := range daemonSets.Items {
		unfinished = append(unfinished, daemonSetHindrance(each, gone[each.UID])...)
	}
	if len(deployments.Items)+len(statefulSets.Items)+len(daemonSets.Items) == 0 {
		return &hindrance{"nothing runs in the namespace " + namespace + " yet", c.kubectl(namespace, "get all")}, nil
	}
	if len(unfinished) == 0 {
		return nil, nil
	}
	if err := c.makeWay(ctx, namespace, statefulSets.Items); err != nil {
		return nil, err
	}
	return c.reason(ctx, namespace, strings.Join(unfinished, ", "), gone)
}

// makeWay takes away those pods of a StatefulSet that are not ready and are of before a change: the StatefulSet would wait
// for them for ever, also where the change is what mends them.
// https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback
func (c *cluster) makeWay(ctx context.Context, namespace string, sets []appsv1.StatefulSet) error {
	var pods corev1.PodList
	below := "api/v1/namespaces/" + namespace + "/pods"
	if err := c.list(ctx, below, &pods); err != nil {
		return err
	}
	for _, set := range sets {
		if set.Status.ObservedGeneration < set.Generation {
			continue
		}
		for _, pod := range pods.Items {
			owner := metav1.GetControllerOf(&pod)
			if owner == nil || owner.UID != set.UID || pod.DeletionTimestamp != nil || isReady(pod) {
				continue
			}
			if pod.Labels[appsv1.ControllerRevisionHashLabelKey] == set.Status.UpdateRevision {
				continue
			}
			if err := c.remove(ctx, below+"/"+pod.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

// reason is what a pod says of why it is not ready, or else what is known of the workloads. Those that are gone say nothing.
func (c *cluster) reason(ctx context.Context, namespace, unfinished string, gone podsOf) (*hindrance, error) {
	var pods corev1.PodList
	var events corev1.EventList
	if err := c.list(ctx, "api/v1/namespaces/"+namespace+"/pods", &pods); err != nil {
		return nil, err
	}
	if err := c.list(ctx, "api/v1/namespaces/"+namespace+"/events", &events); err != nil {
		return nil, err
	}
	newest := newestFirst(events.Items)
	if told := blame(slices.DeleteFunc(pods.Items, gone.has), newest); told != nil {
		further := "describe pod " + told.pod
		if told.kind == crashed {
			further = "logs --previous " + told.pod
		}
		return &hindrance{told.words, c.kubectl(namespace, further)}, nil
	}
	for _, event := range newest {
		// Such as a quota that lets no pod come to be.
		if event.Type == corev1.EventTypeWarning && event.InvolvedObject.Kind != "Pod" {
			unfinished += ": " + event.Message
			break
		}
	}
	return &hindrance{unfinished, c.kubectl(namespace, "get events")}, nil
}

func deploymentHindrance(each appsv1.Deployment) []string {
	wanted := replicas(each.Spec.Replicas)
	status := each.Status
	if status.ObservedGeneration >= each.Generation && status.UpdatedReplicas == wanted && status.Replicas == wanted && status.AvailableReplicas == wanted {
		return nil
	}
	return readyPods(each.Name, min(status.UpdatedReplicas, status.ReadyReplicas), wanted)
}

func statefulSetHindrance(each appsv1.StatefulSet) []string {
	wanted := replicas(each.Spec.Replicas)
	status := each.Status
	// Available would wait for minReadySeconds besides.
	if status.ObservedGeneration >= each.Generation && status.UpdateRevision == status.CurrentRevision && status.ReadyReplicas == wanted {
		return nil
	}
	return readyPods(each.Name, min(status.UpdatedReplicas, status.ReadyReplicas), wanted)
}

func readyPods(name string, ready, wanted int32) []string {
	if ready == wanted {
		// They are those of before a change.
		return []string{name + " is not yet what it was told to be"}
	}
	return []string{fmt.Sprintf("%s has %d of %d pods ready", name, ready, wanted)}
}

func replicas(wanted *int32) int32 {
	if wanted == nil {
		return 1
	}
	return *wanted
}

func isReady(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

func readySince(pod corev1.Pod) time.Time {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.LastTransitionTime.Time
		}
	}
	return time.Time{}
}
