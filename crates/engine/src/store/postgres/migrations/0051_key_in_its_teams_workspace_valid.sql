-- A transaction of its own: this lock lets keys be read and written meanwhile.
ALTER TABLE api_key VALIDATE CONSTRAINT api_key_workspace_fkey;
