"""Ad-hoc questions: SQL that anyone may ask, answered in a process that can be limited and stopped."""
