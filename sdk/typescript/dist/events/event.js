/** What a run says, as docs/wire-format.md lists it. Types and fields that are not listed here are passed on unread. */
/** Whether a message is an event of the log, and not a stand-in for events that are gone. */
export function isEvent(message) {
    return message.type !== "snapshot" && message.type !== "gap";
}
