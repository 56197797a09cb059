"""悟空CRM 11 (Wukong CRM): its modules, one record a call."""
