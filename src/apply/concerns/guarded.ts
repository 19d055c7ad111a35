/** What a plan guards of a server, as far as several concerns ask it. */
import { isAmong, type Service } from "../../core/service.ts";
import { listTranslated } from "../../plan/plan.ts";
import type { Assessment } from "../assessment.ts";
import type { Look } from "../look.ts";

/** Returns the services of the machine itself that doors close. */
export function listOpened({ plan }: Pick<Assessment, "plan">): Service[] {
  return plan.doors.flatMap(({ opens }) => opens);
}

/** Returns ssh's port, as the server has it. */
export function readSshPort({ connection }: Look, { client }: Assessment): number {
  return connection?.port ?? client.ssh.port;
}

/** Whether a door closes ssh's port: on the server itself, or as it is forwarded to it. */
export function isSshGuarded(look: Look, assessment: Assessment): boolean {
  const { plan, client } = assessment;
  return isAmong(listOpened(assessment), {
    protocol: "tcp",
    port: readSshPort(look, assessment),
  }) ||
    isAmong(plan.doors.flatMap(listTranslated), { protocol: "tcp", port: client.ssh.port });
}
