package main

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// templateGeneration is the label by which a DaemonSet tells its pods of now from those of before.
const templateGeneration = "pod-template-generation"

// podsOf are pods by who has made them.
type podsOf map[types.UID][]corev1.Pod

func (p podsOf) has(pod corev1.Pod) bool {
	owner := metav1.GetControllerOf(&pod)
	return owner != nil && slices.ContainsFunc(p[owner.UID], func(each corev1.Pod) bool { return each.Name == pod.Name })
}

// onDeadNodes are the pods of DaemonSets on nodes that are not ready: nothing gets better there by being waited for, and a
// node that comes back starts them. There are none where no node is ready, and for whoever may not see nodes.
func (c *cluster) onDeadNodes(ctx context.Context, namespace string) (podsOf, error) {
	var nodes corev1.NodeList
	var pods corev1.PodList
	if err := c.list(ctx, "api/v1/nodes", &nodes); err != nil {
		return nil, nil
	}
	if err := c.list(ctx, "api/v1/namespaces/"+namespace+"/pods", &pods); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(nodes.Items, nodeIsReady) {
		return nil, nil
	}
	dead := slices.DeleteFunc(nodes.Items, nodeIsReady)
	found := podsOf{}
	for _, pod := range pods.Items {
		isThere := func(node corev1.Node) bool { return node.Name == pod.Spec.NodeName }
		owner := metav1.GetControllerOf(&pod)
		if owner != nil && owner.Kind == "DaemonSet" && !isReady(pod) && slices.ContainsFunc(dead, isThere) {
			found[owner.UID] = append(found[owner.UID], pod)
		}
	}
	return found, nil
}

// daemonSetHindrance asks nothing of those that are gone, whether they are of before a change or of after it.
func daemonSetHindrance(each appsv1.DaemonSet, gone []corev1.Pod) []string {
	status := each.Status
	wanted, updated := status.DesiredNumberScheduled-int32(len(gone)), status.UpdatedNumberScheduled
	for _, pod := range gone {
		if pod.Labels[templateGeneration] == each.Annotations[appsv1.DeprecatedTemplateGeneration] {
			updated--
		}
	}
	if status.ObservedGeneration >= each.Generation && updated >= wanted && status.NumberReady >= wanted {
		return nil
	}
	return readyPods(each.Name, status.NumberReady, wanted)
}

func nodeIsReady(node corev1.Node) bool {
	return slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
		return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
	})
}
