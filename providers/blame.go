package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// podTrouble is why a pod is not ready.
type podTrouble struct {
	pod, words string
	kind       troubleKind
}

// troubleKind is how sure it is that a pod itself is to blame: one that crashes or only starts may wait for another one.
type troubleKind int

const (
	cannotBegin troubleKind = iota
	crashed
	warned
	starts
)

// mostBlamed is how many pods are told of at once.
const mostBlamed = 3

// blame is what is said of those that are to blame more surely than the others; nil where no pod hinders. Where several
// crash, one waits for another, and nobody knows here which. The newest event is the first.
func blame(pods []corev1.Pod, events []corev1.Event) *podTrouble {
	var found []podTrouble
	for _, pod := range pods {
		if trouble := troubleOf(pod, events); trouble != nil {
			found = append(found, *trouble)
		}
	}
	if len(found) == 0 {
		return nil
	}
	slices.SortStableFunc(found, func(a, b podTrouble) int { return int(a.kind - b.kind) })
	first := found[0]
	if first.kind != crashed {
		return &first
	}
	for _, each := range found[1:min(len(found), mostBlamed)] {
		if each.kind == crashed {
			first.words += "; " + each.words
		}
	}
	return &first
}

// troubleOf is nil where the pod is ready or on its way out.
func troubleOf(pod corev1.Pod, events []corev1.Event) *podTrouble {
	if pod.DeletionTimestamp != nil || pod.Status.Phase == corev1.PodSucceeded || isReady(pod) {
		return nil
	}
	claim := claimWarning(pod, events)
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			words := fmt.Sprintf("pod %s has no node: %s", pod.Name, condition.Message)
			if claim != "" {
				words += "; " + claim
			}
			return &podTrouble{pod.Name, words, cannotBegin}
		}
	}
	for _, container := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
		if words, kind := containerHindrance(container); words != "" {
			return &podTrouble{pod.Name, fmt.Sprintf("pod %s: %s", pod.Name, words), kind}
		}
	}
	if claim != "" {
		return &podTrouble{pod.Name, fmt.Sprintf("pod %s: %s", pod.Name, claim), cannotBegin}
	}
	if warning := podWarning(pod, events); warning != "" {
		return &podTrouble{pod.Name, fmt.Sprintf("pod %s: %s", pod.Name, warning), warned}
	}
	for _, container := range pod.Status.InitContainerStatuses {
		if container.State.Running != nil && !container.Ready {
			return &podTrouble{pod.Name, fmt.Sprintf("pod %s is not through with %s", pod.Name, container.Name), starts}
		}
	}
	return &podTrouble{pod.Name, fmt.Sprintf("pod %s starts", pod.Name), starts}
}

// claimWarning is what is said last of a claim that the pod waits for; with a node, it has its claims.
func claimWarning(pod corev1.Pod, events []corev1.Event) string {
	if pod.Spec.NodeName != "" {
		return ""
	}
	for _, event := range events {
		about := event.InvolvedObject
		if event.Type == corev1.EventTypeWarning && about.Kind == "PersistentVolumeClaim" && claims(pod, about.Name) {
			return fmt.Sprintf("claim %s: %s", about.Name, event.Message)
		}
	}
	return ""
}

// podWarning is what is said last of the pod itself, without what kept it from a node that it has by now.
func podWarning(pod corev1.Pod, events []corev1.Event) string {
	placed := pod.Spec.NodeName != ""
	for _, event := range events {
		about := event.InvolvedObject
		if event.Type == corev1.EventTypeWarning && about.Kind == "Pod" && about.Name == pod.Name && !(placed && event.Reason == "FailedScheduling") {
			return fmt.Sprintf("%s: %s", event.Reason, event.Message)
		}
	}
	return ""
}

func claims(pod corev1.Pod, name string) bool {
	return slices.ContainsFunc(pod.Spec.Volumes, func(volume corev1.Volume) bool {
		claim := volume.PersistentVolumeClaim
		return claim != nil && claim.ClaimName == name
	})
}

func containerHindrance(container corev1.ContainerStatus) (words string, kind troubleKind) {
	if ended := container.LastTerminationState.Terminated; ended != nil && !container.Ready {
		words := fmt.Sprintf("%s has ended with code %d (%s), %d times", container.Name, ended.ExitCode, ended.Reason, container.RestartCount)
		if said := strings.TrimSpace(ended.Message); said != "" {
			words += ": " + said
		}
		return words, crashed
	}
	waiting := container.State.Waiting
	// What is only on its way may still wait for something that an event tells of.
	if waiting == nil || slices.Contains([]string{"ContainerCreating", "PodInitializing"}, waiting.Reason) {
		return "", starts
	}
	words = fmt.Sprintf("%s: %s", container.Name, waiting.Reason)
	if waiting.Message != "" {
		words += ": " + waiting.Message
	}
	return words, cannotBegin
}

func newestFirst(events []corev1.Event) []corev1.Event {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b corev1.Event) int { return seen(b).Compare(seen(a)) })
	return sorted
}

func seen(event corev1.Event) time.Time {
	if event.LastTimestamp.IsZero() {
		return event.EventTime.Time
	}
	return event.LastTimestamp.Time
}
